"""The mirror in a Vaultwarden server, by a thin client of its own.

``crypto`` | ``kdf``
    Keys and ciphertext, and no network.
``client`` | ``pool`` | ``tls`` | ``answers`` | ``failures`` | ``models`` | ``version``
    HTTP, and no keys: connections, the bodies of answers, what they mean in our words,
    their shape, and which servers are new enough.
``credentials`` | ``login`` | ``enrol`` | ``session``
    Who we are, the ways to a token, what `login` keeps, and a session that renews itself.
``vault`` | ``closed`` | ``view`` | ``collections`` | ``items`` | ``loginform``
    What one sync returns, opened, or left closed where it is known, and the last one of them;
    where items go, and how they are spelled, as logins too.
``writer`` | ``creation`` | ``deletion`` | ``backend``
    Writing items, one or many, and deleting them; the protocol of a backend on top.
``settings`` | ``connect`` | ``account`` | ``setup`` | ``audit`` | ``strays`` | ``sight``
    The table of the configuration, and a backend from it; logins, finding the settings,
    who may do what, items where no one looks, and what one member sees.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "bad-answer": (
        "check mirror.vaultwarden.url; another server, or a login page before it, may have answered"
    ),
}
