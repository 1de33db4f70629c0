"""Carrying a change to where it is to be, and believing only what is read back there.

First the branch is looked at, and what an earlier run left unpushed is delivered; then a
change is written, committed and pushed in one step; last, once it was seen to have
arrived, a second commit says when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import (
    ConflictError,
    CredentialError,
    FailedError,
    UnavailableError,
)
from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.ground import Rotation
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.landing import (
    Delivery,
    Landing,
    forget_undeployed,
    not_deployed_yet,
)
from plana_secrets.rotation.ours import describe_commit
from plana_secrets.rotation.proposal import Proposal, propose
from plana_secrets.secretfiles.writing.push import not_arrived, push_and_read_back
from plana_secrets.secretfiles.writing.writer import CommitRequest, StagedFile


class NotAsWrittenError(FailedError):
    """What is on the disk is not what was written."""

    default_kind = "read-back"


@dataclass(frozen=True, slots=True)
class Moved:
    """A change that was written, or with ``dry_run`` would be. ``commit``: its id, if any.

    ``landed``: it is deployed. ``dated``: and the keyset file says since when.
    ``accepted``: why it would have been refused, had a person not accepted the outage.
    ``proposal``: the branch that it is on, where that waits to be merged.
    """

    name: str
    move: str
    files: tuple[str, ...] = ()
    commit: str | None = None
    landed: bool = False
    dated: bool = False
    accepted: str | None = None
    proposal: Proposal | None = None


def begin(
    rotation: Rotation,
    delivery: Delivery | None,
    *,
    dry_run: bool = False,
    clock_is_right: bool = False,
) -> Landing:
    """Look at the clock and at the branch, and push what earlier runs left here.

    Called inside the lock, before anything is decided. ``clock_is_right``: it is not asked
    what earlier moves say of the time, for one of them was dated by a wrong clock.

    Raises:
        ClockError: see ``Rotation.check_clock``.
        FailedError: there are commits here that are a person's to push (kind
            ``unpushed-work``; ``not-deployed-yet`` where the remote lacks the branch), or
            several moves of one keyset (``set-back``).
        ConflictError, UnavailableError: see ``Landing.look`` and ``push_and_read_back``.
    """
    landing = rotation.landing(delivery or Delivery())
    if not clock_is_right:
        rotation.check_clock()
    landing.look()
    if landing.pushes and landing.head is not None:
        base = landing.known_tip()
        if base != landing.head:
            _check_ours(rotation, base, landing.head, landing.deployed)
            if landing.lands and not dry_run:
                _deliver_open(rotation, landing)
    return landing


def _check_ours(rotation: Rotation, base: str | None, head: str, deployed: str | None) -> None:
    foreign = rotation.first_foreign(base, head)
    if foreign is not None and base is None and deployed is not None:
        raise not_deployed_yet(deployed)
    if foreign is not None:
        raise FailedError(
            f"the commit {foreign[:12]} is not on the remote and not from a rotation",
            kind="unpushed-work",
            commit=foreign,
        )


def _deliver_open(rotation: Rotation, landing: Landing) -> None:
    """Push moves that are committed here only. None of them arrives with an instant.

    A run without ``--push`` wrote them, or they were deployed once and the branch was
    set back: an instant from then would end the wait before its time. So that it is in no
    commit of the branch, these become one commit.
    """
    message, tip = "", landing.tip
    here, there = rotation.store(landing.head), rotation.store(tip)
    for policy in rotation.policies:
        file = here.file(policy.name)
        if not here.exists(policy.name) or here.content(file) == there.content(file):
            continue
        keyset = rotation.store().load(policy.name)
        deployed = there.load(policy.name) if there.exists(policy.name) else None
        _refuse_leap(keyset, deployed, rotation.workspace.repository.remote(), landing.branch)
        undated = forget_undeployed(keyset, deployed)
        if undated != keyset:
            message = describe_commit(undated, "to be dated again")
            staged = rotation.store().stage_move(keyset, undated)
            request = CommitRequest(message, base=landing.head, moment=rotation.clock())
            done = rotation.write(staged, f"rotate {policy.name}", request)
            landing.move(done.commit, arrived=False)
    if message and landing.head is not None and tip is not None:
        landing.move(rotation.squash(landing.head, message, parent=tip), arrived=False)
    _push_head(rotation, landing)


def _refuse_leap(
    keyset: Keyset, deployed: Keyset | None, remote: str | None, branch: str | None
) -> None:
    """A branch that was set back may lack several moves: together they are an outage."""
    moves = keyset.version - (deployed.version if deployed else 0)
    if moves > 1 or (moves and deployed and not deployed.has_landed):
        raise FailedError(
            f"{keyset.name}: more than one local move is missing on the remote",
            kind="set-back",
            name=keyset.name,
            place=f"{remote}/{branch}",
        )


def _push_head(rotation: Rotation, landing: Landing) -> None:
    head, branch = landing.head, landing.branch
    if head is None or branch is None:
        return
    seen = push_and_read_back(
        rotation.workspace.repository, head, branch=branch, lease=landing.lease
    )
    if not seen:
        raise not_arrived(branch, seen=seen)
    landing.move(head, arrived=True)


def land(
    rotation: Rotation,
    landing: Landing,
    stage: Callable[[Keyset], Sequence[StagedFile]],
    after: Keyset,
    what: str,
) -> Moved:
    """Deliver ``after``; if this run lands what it leaves open, the keyset file says when.

    A move that has landed and could not be dated counts anyway: the next run that
    lands anything dates it.

    Raises:
        ConflictError: the remote took the push and does not have it (``push-not-kept``);
            the move is committed here and carries no instant.
    """
    if landing.proposes is not None:
        return _propose(rotation, landing, stage(after), after, what)
    dated = rotation.clock()
    first = stamp(after, dated) if landing.dates_itself else after
    moved = deliver(rotation, landing, stage(first), first, what)
    if after.has_landed or not landing.lands or landing.is_dated(dated, rotation.clock()):
        return moved
    later = stamp(after, rotation.clock())
    staged = rotation.store().stage_move(first, later)
    try:
        deliver(rotation, landing, staged, later, "landed", keep=False)
    except NotAsWrittenError:
        raise
    except (ConflictError, UnavailableError, CredentialError, FailedError):
        if landing.dates_itself:
            raise
        return moved
    return replace(moved, dated=True)


def _propose(
    rotation: Rotation, landing: Landing, staged: Sequence[StagedFile], after: Keyset, what: str
) -> Moved:
    commit, proposal = propose(rotation, landing, staged, after, what)
    files = tuple(one.file for one in staged if one.is_change)
    return Moved(after.name, what, files, commit, proposal=proposal)


def deliver(
    rotation: Rotation,
    landing: Landing,
    staged: Sequence[StagedFile],
    keyset: Keyset,
    what: str,
    *,
    keep: bool = True,
) -> Moved:
    """Write the staged files in one step, and believe only what disk and branch then hold."""
    request = landing.request(what, keyset, rotation.clock(), keep=keep)
    result = rotation.write(staged, f"rotate {keyset.name}: {what}", request)
    store = rotation.store()
    if store.load(keyset.name) != keyset or store.differences(store.expected(keyset)):
        raise NotAsWrittenError(f"{keyset.name}: the files on disk are not what was written")
    if result.commit is not None:
        landing.move(result.commit, arrived=bool(result.arrived))
        if landing.pushes and not result.arrived:
            raise not_arrived(landing.branch or "", seen=result.arrived)
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
    """An instant is rounded up to a second: end when it is over, so that it is met by none."""
    latest = keyset.latest
    left = (latest - rotation.clock()).total_seconds() if latest else 0
    if 0 < left <= 1:
        time.sleep(left)


ADVICE: Final = {
    "set-back": "continue from what is deployed with `git reset --keep {place}`",
}
