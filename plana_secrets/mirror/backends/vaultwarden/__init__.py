"""The mirror in a Vaultwarden server, by a thin client of its own.

``crypto`` and ``kdf`` know keys and ciphertext and no network; ``client`` knows HTTP and
no keys; ``failures`` says in our words what the server's answers mean; ``models`` is the
shape of those answers. ``credentials`` finds who we are, ``session`` logs in and keeps
the token, ``vault`` opens what one sync returns, ``backend`` is the protocol of
``mirror.backend`` on top of them. ``audit`` and ``setup`` look at who may do what.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "bad-answer": "check mirror.vaultwarden.url; another server may have answered",
}
