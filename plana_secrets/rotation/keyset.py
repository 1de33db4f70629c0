"""A keyset as a pure state machine: what it is, which moves there are, and when each is allowed.

::

    publish    +standby            verifiers and providers learn a key that is not used
    promote    standby -> active   signers and callers use it; the old one is retiring
    retire     retiring -> disabled
    destroy    disabled -> destroyed    the value is gone, a fingerprint stays

    abort      standby -> destroyed     undoes publish
    demote     active <-> retiring      undoes promote: the two swap
    reinstate  disabled -> retiring     undoes retire

Invariants, held by ``find_faults`` and proven by tests/rotation: exactly one key is
active; there is at most one standby or retiring key, never both; a value exists until
its key is destroyed, and the version grows with every move.

Waits are counted from ``since``, the instant at which the status *landed* on the
deployed branch; until that is known it is None and every further move is refused. Two
moves that land together would reach callers before providers. Time is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from plana_secrets.counts import counted
from plana_secrets.rotation.terms import Terms
from plana_secrets.secret import Secret

MAX_LIVE_KEYS: Final = 4
"""Keys that still have a value. One rotation needs two, and one more waits in its grace."""

CLOCK_TOLERANCE: Final = timedelta(minutes=1)
"""How far the clocks of two hosts that rotate may be apart."""

LEGACY_KID: Final = "legacy"
RELOAD: Final = "reload"
"""Who is awaited where pods are reloaded by hand; every other name is of an external caller."""

_KID: Final = re.compile(r"k[0-9a-f]{8,16}|legacy")


class Status(StrEnum):
    STANDBY = "standby"
    ACTIVE = "active"
    RETIRING = "retiring"
    DISABLED = "disabled"
    DESTROYED = "destroyed"


IN_USE: Final = frozenset({Status.STANDBY, Status.ACTIVE, Status.RETIRING})
"""The statuses of keys that services are given."""


class Move(StrEnum):
    PUBLISH = "publish"
    PROMOTE = "promote"
    RETIRE = "retire"
    DESTROY = "destroy"
    ABORT = "abort"
    DEMOTE = "demote"
    REINSTATE = "reinstate"


@dataclass(frozen=True, slots=True)
class Key:
    """``value`` is None once destroyed, or where the file was read without an identity."""

    kid: str
    status: Status
    since: datetime | None
    value: Secret | None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Keyset:
    """``confirmed``: who confirmed the present phase; every move empties it.

    ``terms``: what was recorded with the last move; None in a file of the first schema.
    """

    name: str
    kind: str
    version: int
    rotation_id: str
    keys: tuple[Key, ...]
    confirmed: tuple[str, ...] = ()
    terms: Terms | None = None

    @property
    def active(self) -> Key:
        return next(key for key in self.keys if key.status is Status.ACTIVE)

    @property
    def has_landed(self) -> bool:
        return all(key.since is not None for key in self.keys)

    @property
    def latest(self) -> datetime | None:
        """When it last changed, as far as that is known."""
        return max((key.since for key in self.keys if key.since), default=None)

    def first(self, status: Status) -> Key | None:
        """The oldest key of a status."""
        return next((key for key in self.keys if key.status is status), None)

    def last(self, status: Status) -> Key | None:
        """The newest key of a status."""
        return next((key for key in reversed(self.keys) if key.status is status), None)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a policy demands of the moves, as numbers and names.

    ``promote``, ``retire``, ``destroy``: how long the status before must have lasted.
    ``single_readers``: places that hold one value only; while there are any, no other
    key may become active. ``awaited``: those who have to confirm before promote and retire.
    ``adopted``: paths that the first value was adopted from and that still hold it;
    ``removed``: targets that were taken out of the settings and still hold a key. What
    reads them learns of no move. ``accepts_outage``: a person said that this may be.
    """

    promote: timedelta
    retire: timedelta
    destroy: timedelta
    single_readers: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    accepts_outage: bool = False


class Reason(StrEnum):
    """Why a move is refused; stable words."""

    WRONG_PHASE = "wrong-phase"
    NOT_LANDED = "not-landed"
    SINGLE_READER = "single-reader"
    ADOPTED = "adopted-still-read"
    REMOVED = "removed-still-read"
    CONFIRMED = "caller-confirmed"
    CLOCK = "clock-backwards"
    TOO_EARLY = "too-early"
    UNCONFIRMED = "unconfirmed"
    TOO_MANY = "too-many-keys"


@dataclass(frozen=True, slots=True)
class Refusal:
    """``not_before``: when the move will be possible, where time alone brings it."""

    move: Move
    reason: Reason
    not_before: datetime | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """What only the operating system's generator can give: a new key, a salt."""

    kid: str
    value: Secret
    rotation_id: str


class MoveNotAllowed(Exception):  # noqa: N818 - a fact of the pure part; apply makes an error of it
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def find_faults(keyset: Keyset) -> tuple[str, ...]:
    """What contradicts the invariants, in words; nothing for a keyset that only moves changed."""
    count = {status: sum(key.status is status for key in keyset.keys) for status in Status}
    live = len(keyset.keys) - count[Status.DESTROYED]
    kids = [key.kid for key in keyset.keys]
    rules = (
        (
            count[Status.ACTIVE] == 1,
            f"{counted(count[Status.ACTIVE], 'active key')} instead of one",
        ),
        (
            count[Status.STANDBY] + count[Status.RETIRING] <= 1,
            "more than one key is standby or retiring",
        ),
        (live <= MAX_LIVE_KEYS, f"{live} keys have a value; at most {MAX_LIVE_KEYS} can"),
        (len(set(kids)) == len(kids), "two keys have the same kid"),
        (all(_KID.fullmatch(kid) for kid in kids), "a kid must be a k and hexadecimal digits"),
        (keyset.version >= 1, "the version is not positive"),
    )
    return tuple(words for holds, words in rules if not holds)


def found_keyset(name: str, kind: str, material: Material) -> Keyset:
    """The first version of a keyset, with one active key that has not landed."""
    key = Key(material.kid, Status.ACTIVE, None, material.value)
    return Keyset(name, kind, 1, material.rotation_id, (key,))


def check_move(keyset: Keyset, move: Move, conditions: Conditions, now: datetime) -> Refusal | None:
    """Why ``move`` is not allowed now, or None if it is."""
    subject = _subject(keyset, move)
    if subject is None:
        return Refusal(move, Reason.WRONG_PHASE)
    if not keyset.has_landed:
        return Refusal(move, Reason.NOT_LANDED)
    if is_clock_behind(keyset, now):
        return Refusal(move, Reason.CLOCK, keyset.latest)
    if move is Move.PROMOTE and conditions.single_readers:
        return Refusal(move, Reason.SINGLE_READER, names=conditions.single_readers)
    return _check_readers(keyset, move, conditions) or _check_waits(keyset, move, conditions, now)


def is_clock_behind(keyset: Keyset, now: datetime) -> bool:
    """Whether ``now`` cannot be: the keyset has changed later than that."""
    return keyset.latest is not None and keyset.latest > now + CLOCK_TOLERANCE


def _check_readers(keyset: Keyset, move: Move, conditions: Conditions) -> Refusal | None:
    """Who would be left with a key that is no longer accepted, or not yet."""
    if conditions.accepts_outage:
        return None
    if conditions.adopted and move in {Move.PROMOTE, Move.RETIRE, Move.DESTROY}:
        return Refusal(move, Reason.ADOPTED, names=conditions.adopted)
    if conditions.removed and move in {Move.PROMOTE, Move.RETIRE}:
        return Refusal(move, Reason.REMOVED, names=conditions.removed)
    users = tuple(name for name in keyset.confirmed if name != RELOAD)
    if users and move is Move.ABORT:
        return Refusal(move, Reason.CONFIRMED, names=users)
    return None


def _check_waits(
    keyset: Keyset, move: Move, conditions: Conditions, now: datetime
) -> Refusal | None:
    live = sum(key.status is not Status.DESTROYED for key in keyset.keys)
    if move is Move.PUBLISH and live >= MAX_LIVE_KEYS:
        oldest = keyset.first(Status.DISABLED)
        since = oldest.since if oldest else None
        return Refusal(move, Reason.TOO_MANY, since + conditions.destroy if since else None)
    not_before = opens_at(keyset, move, conditions)
    if not_before is not None and now < not_before:
        return Refusal(move, Reason.TOO_EARLY, not_before)
    if move in {Move.PROMOTE, Move.RETIRE}:
        open_names = tuple(name for name in conditions.awaited if name not in keyset.confirmed)
        if open_names:
            return Refusal(move, Reason.UNCONFIRMED, names=open_names)
    return None


def opens_at(keyset: Keyset, move: Move, conditions: Conditions) -> datetime | None:
    """When the wait of a move ends; None where it has no wait or has not begun to count."""
    waits = {
        Move.PROMOTE: conditions.promote,
        Move.RETIRE: conditions.retire,
        Move.DESTROY: conditions.destroy,
    }
    subject = _subject(keyset, move)
    if subject is None or subject.since is None:
        return None
    if move is Move.DEMOTE and subject.since != keyset.active.since:
        return subject.since + conditions.promote  # reinstated: not everyone has it back
    return subject.since + waits[move] if move in waits else None


def _subject(keyset: Keyset, move: Move) -> Key | None:
    """The key that a move is about (for publish: the active one), or None in a wrong phase."""
    rotating = keyset.first(Status.STANDBY) or keyset.first(Status.RETIRING)
    match move:
        case Move.PUBLISH:
            return None if rotating else keyset.active
        case Move.PROMOTE | Move.ABORT:
            return keyset.first(Status.STANDBY)
        case Move.RETIRE | Move.DEMOTE:
            return keyset.first(Status.RETIRING)
        case Move.DESTROY:
            return keyset.first(Status.DISABLED)
        case Move.REINSTATE:
            return None if rotating else keyset.last(Status.DISABLED)


def make_move(
    keyset: Keyset,
    move: Move,
    conditions: Conditions,
    now: datetime,
    *,
    make_material: Callable[[], Material],
    make_fingerprint: Callable[[Key], str],
) -> Keyset:
    """The keyset after ``move``; what changed has not landed.

    ``make_material`` is called for publish alone, once, after every guard has passed: a
    run that is refused or repeated never brings a second value into the world.

    Raises:
        MoveNotAllowed: with the refusal of ``check_move``.
    """
    refusal = check_move(keyset, move, conditions, now)
    subject = _subject(keyset, move)
    if refusal or subject is None:
        raise MoveNotAllowed(refusal or Refusal(move, Reason.WRONG_PHASE))
    changed = replace(keyset, version=keyset.version + 1, confirmed=())
    if move is Move.PUBLISH:
        material = make_material()
        new = Key(material.kid, Status.STANDBY, None, material.value)
        return replace(changed, keys=(*keyset.keys, new), rotation_id=material.rotation_id)
    target = _DESTINATION[move]
    statuses = {subject.kid: target}
    if target is Status.ACTIVE:
        statuses[keyset.active.kid] = Status.RETIRING
    return replace(
        changed,
        keys=tuple(
            _with_status(key, statuses[key.kid], make_fingerprint) if key.kid in statuses else key
            for key in keyset.keys
        ),
    )


_DESTINATION: Final = {
    Move.PROMOTE: Status.ACTIVE,
    Move.RETIRE: Status.DISABLED,
    Move.DESTROY: Status.DESTROYED,
    Move.ABORT: Status.DESTROYED,
    Move.DEMOTE: Status.ACTIVE,
    Move.REINSTATE: Status.RETIRING,
}


def _with_status(key: Key, status: Status, make_fingerprint: Callable[[Key], str]) -> Key:
    if status is Status.DESTROYED:
        return Key(key.kid, status, None, None, make_fingerprint(key))
    return Key(key.kid, status, None, key.value)


def confirm(keyset: Keyset, names: tuple[str, ...]) -> Keyset:
    """The keyset with ``names`` added to those who confirmed the present phase."""
    return replace(keyset, confirmed=tuple(sorted({*keyset.confirmed, *names})))
