"""SOPS documents, without and with the sops program.

``model``
    A document as data; everything below speaks in these types.
``formats``
    What sops takes a file for by its name.
``reading``
    A file to a document, natively and strictly. Starts nothing.
``rules``
    `.sops.yaml` as sops reads it, and which leaves a selector encrypts.
``program``
    The sops program, the only writer of ciphertext.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "bad-pattern": ("use a simpler pattern; `plana-secrets verify` shows the rule"),
    "bad-rules": "fix .sops.yaml; `plana-secrets verify` shows every problem in it",
    "no-rule": (
        "add a creation rule for it to .sops.yaml, or choose a place that has one: "
        "`plana-secrets recipients list` shows them"
    ),
    "already-encrypted": (
        "change it with `plana-secrets edit {file}`, or one value with "
        "`plana-secrets set {file} PATH`"
    ),
    "mac-mismatch": "it was changed without sops; `plana-secrets repair {file}` brings it back",
    "not-decryptable": "it was changed without sops; `plana-secrets repair {file}` brings it back",
    "defects": (
        "`plana-secrets verify {file}` shows them all, `plana-secrets repair {file}` brings the "
        "file back"
    ),
    "not-encrypted": "if it is meant to be secret, encrypt it with `plana-secrets encrypt {file}`",
}
