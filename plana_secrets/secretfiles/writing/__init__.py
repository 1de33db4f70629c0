"""The one place that changes secret files on the disk.

``stage`` | ``judge``
    The new ciphertext of a file, not yet in its place, and whether what sops wrote is what was
    planned.
``rewrap``
    The recipients and the data key of a file.
``writer``
    Staged files put into place, together, with a commit and a push where asked.
``journal`` | ``records`` | ``recovery``
    What is written down before each effect, what of it is believed when it is read back,
    and what becomes of an interrupted change.
``push``
    A push that is not believed: the branch is read again where its readers fetch it.
``lock``
    Only one writer at a time, on ground that is clean.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "push-unknown": "try again with `plana-secrets recover`",
}
