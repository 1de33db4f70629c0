"""Making moves: decide purely, stage every file, write in one step, read back, compare.

Every function here takes the lock for its whole run, and reads the clock through
``Rotation.clock`` at the moment that counts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import CredentialError, FailedError, UsageError
from plana_secrets.rotation.clock import ClockError
from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.delivery import Moved, begin, land
from plana_secrets.rotation.ground import Rotation
from plana_secrets.rotation.history import refuse_destroyed, refuse_unknown_past
from plana_secrets.rotation.inforce import conditions_of, record_terms
from plana_secrets.rotation.keyset import (
    Keyset,
    Move,
    MoveNotAllowed,
    Reason,
    Refusal,
    check_move,
    confirm,
    is_clock_behind,
    make_move,
)
from plana_secrets.rotation.landing import Delivery, Landing, find_undeployed
from plana_secrets.rotation.material import make_fingerprint
from plana_secrets.rotation.plan import KeysetStatus, NextMove, plan_next
from plana_secrets.rotation.proposal import Proposal, find_open, refuse_waiting
from plana_secrets.rotation.refusal import accepted_words, refusal_error
from plana_secrets.rotation.status import describe, describe_stored
from plana_secrets.secretfiles.writing.writer import StagedFile

__all__ = ["Due", "Moved", "Rotation", "confirm_adopted", "confirm_keyset", "run_due", "run_move"]


@dataclass(frozen=True, slots=True)
class Due:
    """What ``run_due`` did, and how every keyset is afterwards.

    ``arrived``: keysets whose open move was found to have landed, and is dated now.
    ``waiting``: branches of earlier runs that are not merged yet.
    """

    moved: tuple[Moved, ...]
    arrived: tuple[str, ...]
    keysets: tuple[KeysetStatus, ...]
    waiting: tuple[Proposal, ...] = ()


def run_move(
    rotation: Rotation,
    name: str,
    move: Move | None = None,
    *,
    delivery: Delivery | None = None,
    dry_run: bool = False,
    accept_outage: bool = False,
) -> Moved:
    """Make one move of one keyset; by default the one that comes next.

    If the move before is found to have landed, that is recorded even when this one is
    then refused: its wait has begun. ``accept_outage``: a person says that the settings of
    now count, not the recorded ones, and that callers may be locked out.

    Raises:
        FailedError: the move is refused (kinds: the words of ``Reason``; the fact
            ``not_before`` says when it will be possible), or a target differs.
    """
    with _alone(rotation, f"rotate {name}", dry_run=dry_run):
        landing = begin(rotation, delivery, dry_run=dry_run)
        refuse_waiting(rotation, landing, name)
        step = _Step(rotation, landing, name)
        return step.make(move or step.next.move, dry_run=dry_run, accept_outage=accept_outage)


def _alone(
    rotation: Rotation, operation: str, *, dry_run: bool
) -> contextlib.AbstractContextManager[object]:
    """The lock; a dry run takes none, for taking it also finishes what was interrupted."""
    return contextlib.nullcontext() if dry_run else rotation.alone(operation)


def run_due(rotation: Rotation, *, delivery: Delivery | None = None, dry_run: bool = False) -> Due:
    """Record what has landed and make every move that is due, one a keyset.

    A keyset that cannot go on does not stop the others; its status says why. With a clock
    that cannot be right none goes on.

    Raises:
        CredentialError: no keyset can be opened.
        ConflictError, UnavailableError, IncompleteError: the run cannot go on.
    """
    moved: list[Moved] = []
    arrived: list[str] = []
    waiting: list[Proposal] = []
    problems: dict[str, FailedError | CredentialError] = {}
    with _alone(rotation, "rotate --due", dry_run=dry_run):
        try:
            landing = begin(rotation, delivery, dry_run=dry_run)
        except ClockError as error:
            blocked = dict.fromkeys((policy.name for policy in rotation.policies), error)
            return Due((), (), _statuses_after(rotation, blocked))
        for policy in rotation.policies:
            try:
                if is_open := find_open(rotation, landing, policy.name):
                    waiting.append(is_open)
                    continue
                step = _Step(rotation, landing, policy.name)
                if step.arrived and landing.proposes is None:
                    arrived.append(policy.name)
                moved.extend(_run_one_due(step, dry_run=dry_run))
            except (FailedError, CredentialError) as error:
                problems[policy.name] = error
    after = _statuses_after(rotation, problems)
    return Due(tuple(moved), tuple(arrived), after, tuple(waiting))


def _statuses_after(
    rotation: Rotation, problems: Mapping[str, FailedError | CredentialError]
) -> tuple[KeysetStatus, ...]:
    """A job that has lost its key must not look as if it had only waited."""
    refused = [error for error in problems.values() if isinstance(error, CredentialError)]
    if refused and len(problems) == len(rotation.policies):
        raise refused[0]
    store = rotation.store()
    return tuple(
        describe_stored(store, policy, problems[policy.name])
        if policy.name in problems
        else describe(store, policy, rotation.clock())
        for policy in rotation.policies
    )


def _run_one_due(step: _Step, *, dry_run: bool) -> list[Moved]:
    following = step.next
    if following.waiting_for is None:
        return [step.make(following.move, dry_run=dry_run)]
    recorded = None if dry_run else step.record_landing()
    return [recorded] if recorded and recorded.proposal else []


def confirm_keyset(
    rotation: Rotation, name: str, callers: Sequence[str] = (), *, delivery: Delivery | None = None
) -> Moved:
    """Record that ``callers`` (by default all that are awaited) are done with the present phase.

    Raises:
        UsageError: no one, or not this caller, is awaited (kind ``not-awaited``).
        FailedError: no rotation is under way, or the move before has not landed.
    """
    with rotation.alone(f"rotate confirm {name}"):
        landing = begin(rotation, delivery)
        step = _Step(rotation, landing, name)
        following = step.next.move
        if following not in {Move.PROMOTE, Move.RETIRE}:
            message = f"{name}: no rotation is in progress"
            raise FailedError(message, kind=Reason.WRONG_PHASE, name=name)
        if not step.stamped.has_landed:
            raise refusal_error(name, Refusal(following, Reason.NOT_LANDED))
        awaited = conditions_of(step.stamped, step.policy).awaited
        strange = [caller for caller in callers if caller not in awaited]
        if strange or not awaited:
            words = (
                f"{', '.join(strange)} is not awaited" if awaited else "no confirmation is awaited"
            )
            raise UsageError(f"{name}: {words}", kind="not-awaited")
        confirmed = confirm(step.stamped, tuple(callers) or awaited)
        return step.write(confirmed, "confirm")


def confirm_adopted(rotation: Rotation, name: str, *, delivery: Delivery | None = None) -> Moved:
    """Record that nothing reads the adopted path any more, though it still has the value.

    Raises:
        UsageError: no adopted path is in the way (kind ``not-adopted``).
        FailedError: the move before has not landed.
    """
    with rotation.alone(f"rotate confirm {name}"):
        landing = begin(rotation, delivery)
        step = _Step(rotation, landing, name)
        if not step.stamped.has_landed:
            raise refusal_error(name, Refusal(step.next.move, Reason.NOT_LANDED))
        terms = step.stamped.terms
        if terms is None or not terms.adopted:
            raise UsageError(
                f"{name}: no adopted path is remembered", kind="not-adopted", name=name
            )
        forgotten = replace(step.stamped, terms=replace(terms, adopted=()))
        return step.write(forgotten, f"confirm adopted {', '.join(terms.adopted)}")


class _Step:
    """One keyset at one moment: as it is stored, and with what has landed recorded."""

    def __init__(self, rotation: Rotation, landing: Landing, name: str) -> None:
        rotation.require_committed(name)
        self.rotation = rotation
        self.name = name
        self._landing = landing
        self._store = rotation.store()
        self.policy = self._store.policy(name)
        self.stored = self._store.load(name)
        refuse_destroyed(self._store.history, self.stored, self._store.file(name))
        self._left = self._store.left(self.stored)
        self.arrived = False
        if (landing.lands or landing.proposes is not None) and landing.tip is not None:
            self._compare(landing.tip)
        self.stamped = stamp(self.stored, rotation.clock()) if self.arrived else self.stored

    def _compare(self, tip: str) -> None:
        """With what is deployed: an open move may have arrived; another than ours is no base."""
        undeployed = find_undeployed(self._store, self.rotation.store(tip), self.stored)
        if not self.stored.has_landed:
            behind = is_clock_behind(self.stored, self.rotation.clock())
            self.arrived = not undeployed and not behind
        elif undeployed:
            places = ", ".join(undeployed)
            raise FailedError(
                f"{self.name}: what is deployed differs from what is here: {places}",
                kind="not-as-deployed",
                name=self.name,
            )

    @property
    def next(self) -> NextMove:
        """What comes next, and what it waits for."""
        return plan_next(self.stamped, self.policy, self.rotation.clock(), self._left)

    def make(self, move: Move, *, dry_run: bool = False, accept_outage: bool = False) -> Moved:
        """Make the move. A dry run goes as far as the new files, in memory, and forgets them."""
        refuse_unknown_past(self._store.history, self.name, move)
        now = self.rotation.clock()
        conditions = conditions_of(
            self.stamped, self.policy, self._left, accepts_outage=accept_outage
        )
        try:
            made = make_move(
                self.stamped,
                move,
                conditions,
                now,
                make_material=self.policy.generate,
                make_fingerprint=make_fingerprint,
            )
        except MoveNotAllowed as stop:
            recorded = None if dry_run else self.record_landing()
            if recorded and recorded.proposal:
                return recorded
            raise refusal_error(self.name, stop.refusal) from None
        made = record_terms(self.stamped, made, self.policy, self._left)
        if dry_run:
            staged = self._store.stage_move(self.stored, made)
            return Moved(self.name, move, tuple(one.file for one in staged if one.is_change))
        usual = conditions_of(self.stamped, self.policy, self._left)
        waived = check_move(self.stamped, move, usual, now)
        done = self.write(made, f"{move}{accepted_words(waived)}")
        return replace(done, move=move, accepted=str(waived.reason) if waived else None)

    def record_landing(self) -> Moved | None:
        """Write the instant at which the open move was found to have landed, if it was."""
        return self.write(self.stamped, "landed") if self.arrived else None

    def write(self, after: Keyset, what: str) -> Moved:
        def stage(keyset: Keyset) -> Sequence[StagedFile]:
            return self._store.stage_move(self.stored, keyset)

        return land(self.rotation, self._landing, stage, after, what)


ADVICE: Final = {
    "not-as-deployed": "`git diff HEAD` shows uncommitted changes; commit or undo them",
}
