"""The one-way copy of the secret files for people who need to look.

``source`` reads what is desired from a commit, ``item`` and ``wording`` say what an item
looks like, ``compare`` and ``plan`` decide, ``guards`` stop a run that must not be,
``apply`` acts and reads back, ``keep`` saves what a hand wrote before it is overwritten.
``adopt`` and ``restore`` are the two ways back. ``backend`` is the protocol, ``open``
chooses one of ``backends``; ``form``, ``record`` and ``export`` are how an item is spelled
in what Bitwarden clients read. ``state`` puts files and mirror side by side.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "bad-record": (
        "`plana-secrets mirror diff` shows the item; delete it in a Bitwarden client "
        "and run `plana-secrets mirror sync`"
    ),
    "needs-confirm": "pass --confirm to proceed",
}
