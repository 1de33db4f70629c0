"""Rotating application keys without an outage: a state machine over time.

``policy`` | ``targets``
    Pure: what the settings say of a keyset, and which leaves are its own.
``keyset`` | ``plan``
    Pure: the machine with its guards, and what a keyset needs next.
``terms`` | ``inforce`` | ``dating`` | ``instants``
    Pure: what is recorded with a move, which waits hold now, when moves landed, and how
    an instant is spelled.
``kinds`` | ``material`` | ``render``
    What differs between API keys and JWT secrets, where randomness comes from, and
    the texts that services read.
``keysetfile`` | ``store`` | ``remembered`` | ``history`` | ``revoked`` | ``copies``
    The file of a keyset, keysets with their targets as the work tree or a commit has them,
    what the commits say of them, values that must not return, and values at other places.
``ground`` | ``clock`` | ``ours``
    The clone, the branch and the time that a run works with; whether its clock can be
    right, and which commits are of a rotation.
``landing`` | ``delivery`` | ``proposal`` | ``apply``
    Acting: when a move has landed, carrying it there or to a branch of its own, making moves.
``initialise`` | ``redate`` | ``status`` | ``refusal``
    The first version, an instant that was wrong, how all are, and why one does not move.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "clock-backwards": (
        "set this machine's clock if it is behind; if a move was dated by a clock "
        "that was ahead, run `plana-secrets rotate redate {name}`"
    ),
    "not-adopted": "`plana-secrets rotate plan {name}` shows what the keyset waits for",
    "not-awaited": "add them to external_callers of the keyset",
    "read-back": ("`plana-secrets verify` shows what differs; `git status` shows other changes"),
    "outage-by-job": "run it yourself, for one keyset",
}
