"""What a keyset needs next, and whether its time has come. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from plana_secrets.rotation.inforce import NOTHING_LEFT, Left, conditions_of
from plana_secrets.rotation.keyset import (
    Conditions,
    Keyset,
    Move,
    Reason,
    Refusal,
    Status,
    check_move,
    opens_at,
)
from plana_secrets.rotation.policy import KeysetPolicy


class Phase(StrEnum):
    """The phase of a rotation. Blocked: time alone will not bring the next move."""

    STABLE = "stable"
    PUBLISHED = "published"
    PROMOTED = "promoted"
    DRAINING = "draining"
    BLOCKED = "blocked"


class Waiting(StrEnum):
    """What the next move waits for; stable words."""

    LANDING = "landing"
    ROLLOUT = "rollout"
    TOKENS = "tokens"
    DRAIN = "drain"
    GRACE = "grace"
    MAX_AGE = "max-age"
    CONFIRM = "confirm"
    RAW_TARGETS = "raw-targets"
    ADOPTED = "adopted"
    REMOVED = "removed"
    CLOCK = "clock"


BLOCKING: Final = frozenset({Waiting.RAW_TARGETS, Waiting.ADOPTED, Waiting.REMOVED, Waiting.CLOCK})


@dataclass(frozen=True, slots=True)
class NextMove:
    """``waiting_for`` None: the move is allowed, and due. ``names``: of places or callers."""

    move: Move
    not_before: datetime | None
    waiting_for: Waiting | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysetStatus:
    """A configured keyset as it is. Without ``keyset``, ``problem`` says why there is none.

    ``problem`` is a stable word (``not-initialised``, or the kind of the error that
    reading its file met), ``message`` the sentence to it. ``authenticated``: an
    identity has opened the file, and its MAC held.
    """

    policy: KeysetPolicy
    file: str
    phase: Phase
    keyset: Keyset | None = None
    next: NextMove | None = None
    overdue: bool = False
    problem: str | None = None
    message: str = ""
    authenticated: bool = True
    left: Left = NOTHING_LEFT

    @property
    def name(self) -> str:
        return self.policy.name

    def is_past(self, now: datetime, share: float) -> bool:
        """Whether the active key is older than ``share`` of the ``max_age``."""
        since = self.keyset.active.since if self.keyset else None
        return since is not None and now > since + self.policy.max_age * share


def describe_keyset(
    policy: KeysetPolicy, file: str, keyset: Keyset, now: datetime, left: Left = NOTHING_LEFT
) -> KeysetStatus:
    """The status of a keyset that was read."""
    following = plan_next(keyset, policy, now, left)
    phase = _phase(keyset, conditions_of(keyset, policy), following, now)
    status = KeysetStatus(policy, file, phase, keyset, following, left=left)
    return replace(status, overdue=status.is_past(now, 1))


def describe_problem(policy: KeysetPolicy, file: str, problem: str, message: str) -> KeysetStatus:
    """The status of a keyset that is not there or cannot be read."""
    return KeysetStatus(policy, file, Phase.BLOCKED, problem=problem, message=message)


def _phase(keyset: Keyset, conditions: Conditions, following: NextMove, now: datetime) -> Phase:
    if following.waiting_for in BLOCKING:
        return Phase.BLOCKED
    if keyset.first(Status.STANDBY):
        return Phase.PUBLISHED
    retiring = keyset.first(Status.RETIRING)
    if retiring is None:
        return Phase.STABLE
    rolled_out = retiring.since is not None and now >= retiring.since + conditions.promote
    return Phase.DRAINING if rolled_out else Phase.PROMOTED


def plan_next(
    keyset: Keyset, policy: KeysetPolicy, now: datetime, left: Left = NOTHING_LEFT
) -> NextMove:
    """The move that comes next, and what it waits for.

    A rotation asked for by name may begin before its time: waiting for ``max-age`` is
    the only wait that is no guard.
    """
    conditions = conditions_of(keyset, policy, left)
    if keyset.first(Status.STANDBY):
        move = Move.PROMOTE
    elif keyset.first(Status.RETIRING):
        move = Move.RETIRE
    else:
        return _plan_stable(keyset, policy, conditions, now)
    return _judged(keyset, policy, move, conditions, opens_at(keyset, move, conditions), now)


def _plan_stable(
    keyset: Keyset, policy: KeysetPolicy, conditions: Conditions, now: datetime
) -> NextMove:
    """Destroy what waits for it, unless a rotation is due before that."""
    disabled = keyset.first(Status.DISABLED)
    since = keyset.active.since
    due = since + policy.max_age if since else None
    opens = opens_at(keyset, Move.DESTROY, conditions)
    if disabled and (due is None or opens is None or opens <= due):
        return _judged(keyset, policy, Move.DESTROY, conditions, opens, now)
    judged = _judged(keyset, policy, Move.PUBLISH, conditions, due, now)
    if judged.waiting_for is not None or due is None:
        return judged
    if now < due:
        return NextMove(Move.PUBLISH, due, Waiting.MAX_AGE)
    held = (
        (Waiting.RAW_TARGETS, conditions.single_readers),
        (Waiting.ADOPTED, conditions.adopted),
        (Waiting.REMOVED, conditions.removed),
    )
    for waiting, names in held:  # a standby that cannot be promoted helps no one
        if names:
            return NextMove(Move.PUBLISH, due, waiting, names)
    return judged


def _judged(
    keyset: Keyset,
    policy: KeysetPolicy,
    move: Move,
    conditions: Conditions,
    opens: datetime | None,
    now: datetime,
) -> NextMove:
    refusal = check_move(keyset, move, conditions, now)
    if refusal is None:
        return NextMove(move, opens, None)
    waiting = waiting_for(refusal, policy)
    return NextMove(move, refusal.not_before or opens, waiting, refusal.names)


def waiting_for(refusal: Refusal, policy: KeysetPolicy) -> Waiting | None:
    """The word for a refusal that something can end; None for a move of another phase."""
    if refusal.reason is Reason.TOO_EARLY:
        last = Waiting(policy.RETIRE_WAITS_FOR)
        waits = {Move.PROMOTE: Waiting.ROLLOUT, Move.RETIRE: last}
        return waits.get(refusal.move, Waiting.GRACE)
    return {
        Reason.NOT_LANDED: Waiting.LANDING,
        Reason.SINGLE_READER: Waiting.RAW_TARGETS,
        Reason.ADOPTED: Waiting.ADOPTED,
        Reason.REMOVED: Waiting.REMOVED,
        Reason.CLOCK: Waiting.CLOCK,
        Reason.UNCONFIRMED: Waiting.CONFIRM,
        Reason.TOO_MANY: Waiting.GRACE,
    }.get(refusal.reason)
