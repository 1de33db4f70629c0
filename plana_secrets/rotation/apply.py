"""Making moves: decide purely, stage every file, write in one step, read back, compare.

Every function here takes the lock for its whole run, and reads the clock through
``Rotation.clock`` at the moment that counts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from plana_secrets.errors import (
    ConflictError,
    CredentialError,
    FailedError,
    UnavailableError,
    UsageError,
)
from plana_secrets.rotation.dating import stamp
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
from plana_secrets.rotation.kinds import generate
from plana_secrets.rotation.landing import Delivery, Landing
from plana_secrets.rotation.material import make_fingerprint
from plana_secrets.rotation.plan import KeysetStatus, NextMove, plan_next
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.refusal import accepted_words, refusal_error
from plana_secrets.rotation.status import describe, describe_stored
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import StagedFile, write_files, writing

_READ_BACK: Final = "read-back"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What every run needs: ``branch`` is the deployed one, ``clock`` tells the time."""

    workspace: Workspace
    policies: Sequence[KeysetPolicy]
    branch: str | None
    clock: Callable[[], datetime]

    def store(self) -> KeysetStore:
        """The keysets as they are on the disk now."""
        return KeysetStore(self.workspace, self.policies)

    def landing(self, delivery: Delivery) -> Landing:
        return Landing(self.workspace, self.branch, delivery)

    def status(self, name: str) -> KeysetStatus:
        """How one keyset is now."""
        store = self.store()
        return describe(store, store.policy(name), self.clock())


@dataclass(frozen=True, slots=True)
class Moved:
    """A change that was made, or with ``dry_run`` would be. ``commit``: its id, if any.

    ``landed``: it is deployed. ``dated``: and the keyset file says since when.
    ``accepted``: why it would have been refused, had a person not accepted the outage.
    """

    name: str
    move: str
    files: tuple[str, ...] = ()
    commit: str | None = None
    landed: bool = False
    dated: bool = False
    accepted: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What ``run_due`` did, and how every keyset is afterwards.

    ``arrived``: keysets whose open move was found to have landed, and is dated now.
    """

    moved: tuple[Moved, ...]
    arrived: tuple[str, ...]
    keysets: tuple[KeysetStatus, ...]


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
    now count, whatever was recorded, and that callers may be locked out.

    Raises:
        FailedError: the move is refused (kinds: the words of ``Reason``; the fact
            ``not_before`` says when it will be possible), or a target differs.
    """
    landing = rotation.landing(delivery or Delivery())
    with _alone(rotation, f"rotate {name}", dry_run=dry_run):
        landing.check_base()
        step = _Step(rotation, landing, name)
        return step.make(move or step.next.move, dry_run=dry_run, accept_outage=accept_outage)


def _alone(
    rotation: Rotation, operation: str, *, dry_run: bool
) -> contextlib.AbstractContextManager[object]:
    """The lock; a dry run takes none, for taking it also finishes what was interrupted."""
    return contextlib.nullcontext() if dry_run else writing(rotation.workspace, operation)


def run_due(rotation: Rotation, *, delivery: Delivery | None = None, dry_run: bool = False) -> Due:
    """Record what has landed and make every move that is due, one a keyset.

    A keyset that cannot go on does not stop the others; its status says why.

    Raises:
        CredentialError: no keyset can be opened.
        ConflictError, UnavailableError, IncompleteError: the run cannot go on.
    """
    landing = rotation.landing(delivery or Delivery())
    moved: list[Moved] = []
    arrived: list[str] = []
    problems: dict[str, FailedError | CredentialError] = {}
    with _alone(rotation, "rotate --due", dry_run=dry_run):
        landing.check_base()
        for policy in rotation.policies:
            try:
                step = _Step(rotation, landing, policy.name)
                if step.arrived:
                    arrived.append(policy.name)
                moved.extend(_run_one_due(step, dry_run=dry_run))
            except (FailedError, CredentialError) as error:
                problems[policy.name] = error
    return Due(tuple(moved), tuple(arrived), _statuses_after(rotation, problems))


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
    if not dry_run:
        step.record_landing()
    return []


def confirm_keyset(
    rotation: Rotation, name: str, callers: Sequence[str] = (), *, delivery: Delivery | None = None
) -> Moved:
    """Record that ``callers`` (by default all that are awaited) are done with the present phase.

    Raises:
        UsageError: nobody, or not this caller, is awaited (kind ``not-awaited``).
        FailedError: no rotation is under way, or the move before has not landed.
    """
    landing = rotation.landing(delivery or Delivery())
    with writing(rotation.workspace, f"rotate confirm {name}"):
        landing.check_base()
        step = _Step(rotation, landing, name)
        following = step.next.move
        if following not in {Move.PROMOTE, Move.RETIRE}:
            raise FailedError(f"{name}: no rotation is under way", kind=Reason.WRONG_PHASE)
        if not step.stamped.has_landed:
            raise refusal_error(name, Refusal(following, Reason.NOT_LANDED))
        awaited = conditions_of(step.stamped, step.policy).awaited
        strange = [caller for caller in callers if caller not in awaited]
        if strange or not awaited:
            words = f"{', '.join(strange)} is not awaited" if awaited else "no one is awaited"
            raise UsageError(f"{name}: {words}", kind="not-awaited")
        confirmed = confirm(step.stamped, tuple(callers) or awaited)
        return step.write(confirmed, "confirm")


class _Step:
    """One keyset at one moment: as it is stored, and with what has landed recorded."""

    def __init__(self, rotation: Rotation, landing: Landing, name: str) -> None:
        self.rotation = rotation
        self.name = name
        self._landing = landing
        self._store = rotation.store()
        self.policy = self._store.policy(name)
        self.stored = self._store.load(name)
        refuse_destroyed(self._store.history, self.stored, self._store.file(name))
        self._left = self._store.left(self.stored)
        self.arrived = not is_clock_behind(self.stored, rotation.clock()) and landing.has_arrived(
            self._store.files(name), self.stored
        )
        self.stamped = stamp(self.stored, rotation.clock()) if self.arrived else self.stored

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
                make_material=lambda: generate(self.policy),
                make_fingerprint=make_fingerprint,
            )
        except MoveNotAllowed as stop:
            if not dry_run:
                self.record_landing()
            raise refusal_error(self.name, stop.refusal) from None
        made = record_terms(self.stamped, made, self.policy, self._left)
        if dry_run:
            staged = self._store.stage_move(self.stored, made)
            return Moved(self.name, move, tuple(one.file for one in staged if one.is_change))
        usual = conditions_of(self.stamped, self.policy, self._left)
        waived = check_move(self.stamped, move, usual, now)
        done = self.write(made, f"{move}{accepted_words(waived)}")
        return replace(done, move=move, accepted=str(waived.reason) if waived else None)

    def record_landing(self) -> None:
        """Write the instant at which the open move was found to have landed, if it was."""
        if self.arrived:
            self.write(self.stamped, "landed")

    def write(self, after: Keyset, what: str) -> Moved:
        def stage(keyset: Keyset) -> Sequence[StagedFile]:
            return self._store.stage_move(self.stored, keyset)

        return land(self.rotation, self._landing, stage, after, what)


def land(
    rotation: Rotation,
    landing: Landing,
    stage: Callable[[Keyset], Sequence[StagedFile]],
    after: Keyset,
    what: str,
) -> Moved:
    """Deliver ``after``; if this run lands what it leaves open, the keyset file says when.

    A move that has landed and could not be dated is made all the same: the next run that
    lands anything dates it.
    """
    dated = rotation.clock()
    first = stamp(after, dated) if landing.dates_itself else after
    moved = deliver(rotation, landing, stage(first), first, what)
    if after.has_landed or not landing.lands or landing.is_dated(dated, rotation.clock()):
        return moved
    later = stamp(after, rotation.clock())
    staged = rotation.store().stage_move(first, later)
    try:
        deliver(rotation, landing, staged, later, "landed")
    except (ConflictError, UnavailableError, CredentialError, FailedError) as error:
        if landing.dates_itself or error.kind == _READ_BACK:
            raise
        return moved
    return replace(moved, dated=True)


def deliver(
    rotation: Rotation,
    landing: Landing,
    staged: Sequence[StagedFile],
    keyset: Keyset,
    what: str,
) -> Moved:
    """Write the staged files in one step, and believe only what the disk then holds."""
    subject = f"Rotate {keyset.name}: {what}"
    result = write_files(
        rotation.workspace,
        staged,
        operation=f"rotate {keyset.name}: {what}",
        commit=landing.request(subject, keyset),
    )
    store = rotation.store()
    if store.load(keyset.name) != keyset or store.differences(store.expected(keyset)):
        raise FailedError(
            f"{keyset.name}: what is on the disk is not what was written", kind=_READ_BACK
        )
    _outlast_second(rotation, keyset)
    return Moved(
        keyset.name,
        what,
        result.files,
        result.commit,
        landed=landing.lands,
        dated=landing.lands and keyset.has_landed,
    )


def _outlast_second(rotation: Rotation, keyset: Keyset) -> None:
    """An instant is rounded up to a second: end when it is over, so that nobody meets it early."""
    latest = keyset.latest
    left = (latest - rotation.clock()).total_seconds() if latest else 0
    if 0 < left <= 1:
        time.sleep(left)
