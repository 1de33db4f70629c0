"""Doing what a plan says, then looking whether it is so.

The order loses nothing at any point of interruption: what is about to be overwritten is
kept first, deletions come last, and the next run plans from what it then finds. One
item's trouble stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from plana_secrets.errors import ConflictError, PlanaSecretsError
from plana_secrets.mirror.backend import ActualItem, Backend, Listing
from plana_secrets.mirror.drift import Choices, Drift, MirrorPlan, Update, Wanted
from plana_secrets.mirror.itemerrors import ITEM_ERRORS, ItemChangedError, ItemsRefusedError
from plana_secrets.mirror.parts import divide_refused
from plana_secrets.mirror.plan import plan_mirror
from plana_secrets.observability import Event, Observer, silent

KeepItem = Callable[[ActualItem], str]
"""Keeps an item for its owner, durably, and says where."""

_ROUNDS: Final = 3
"""After the first: a file is divided, what was waiting for that, and once more for one that
was refused only then."""

LookAgain = Callable[[Wanted, Sequence[str]], tuple[Wanted, Listing]]
"""Lists the mirror; and what is wanted, with what had to be opened to compare it.

Given the ids of the items that were written where nothing else was done, else none.
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done. ``after``: the plan for what the mirror then held.

    ``kept``: where the items with overwritten hand edits are now, by file. ``failed``: why
    an item could not be written, by file; the others were.
    """

    created: int
    updated: int
    deleted: int
    kept: tuple[tuple[str, str], ...]
    after: MirrorPlan
    listing: Listing
    failed: Mapping[str, PlanaSecretsError] = field(default_factory=dict)

    @classmethod
    def nothing(cls, plan: MirrorPlan, listing: Listing) -> Applied:
        """Nothing was to be done, so there is nothing to read back."""
        return cls(0, 0, 0, (), plan, listing)

    @property
    def left(self) -> tuple[Drift, ...]:
        """The drift that is there now; what failed says why."""
        return tuple(self._explained(one) for one in self.after.drift)

    def _explained(self, drift: Drift) -> Drift:
        error = self.failed.get(drift.file or drift.id or "")
        return drift if error is None or drift.reason else replace(drift, reason=error.message)


def apply_mirror(
    backend: Backend,
    wanted: Wanted,
    plan: MirrorPlan,
    choices: Choices,
    *,
    keep: KeepItem,
    look: LookAgain,
    observer: Observer = silent,
) -> Applied:
    """Carry out ``plan``, list again by ``look``, and compare.

    An item that the server refuses is in ``failed``, unless the list shows that it was
    written all the same. A file that it refuses as too large is divided: its parts first, and
    when the list shows them, what waited for them.

    Raises:
        ConflictError: the mirror does not hold what was written (kind
            ``mirror-not-as-written``).
        PlanaSecretsError: the server cannot be reached, or takes nothing from us.
    """
    work = _Work(backend, look, choices, keep, observer)
    after = work.carry_out(wanted, plan)
    for _ in range(_ROUNDS):
        wanted = work.wanted
        further = divide_refused(wanted, work.failed)
        waiting = [one for one in plan.waiting if one.file not in work.failed]
        files = {one.file for one in waiting} | (further.divided - wanted.divided)
        if further.divided != wanted.divided:
            after = plan_mirror(further, work.listing, choices)
        wanted = further
        plan = after.only(files, {one.deletes for one in waiting if one.deletes})
        if plan.is_empty:
            break
        after = work.carry_out(wanted, plan)
    _check_result(_files_of(after) - work.failed.keys())
    return Applied(
        created=work.created,
        updated=work.updated,
        deleted=work.deleted,
        kept=tuple(work.kept),
        after=after,
        listing=work.listing,
        failed=work.failed,
    )


class _Work:
    """What was done so far, and the list that says so."""

    def __init__(
        self,
        backend: Backend,
        look: LookAgain,
        choices: Choices,
        keep: KeepItem,
        observer: Observer,
    ) -> None:
        self._backend = backend
        self._list = look
        self._choices = choices
        self._keep = keep
        self._observer = observer
        self.wanted = Wanted(())
        self.listing = Listing(())
        self.kept: list[tuple[str, str]] = []
        self.failed: dict[str, PlanaSecretsError] = {}
        self.created = self.updated = self.deleted = 0

    def carry_out(self, wanted: Wanted, plan: MirrorPlan) -> MirrorPlan:
        """The plan for what the mirror then holds."""
        backend = self._backend
        self.kept += [(_file_of(item), self._keep(item)) for item in plan.keep]
        again = _files_of(plan)
        refused = {file: error for file, error in self.failed.items() if file not in again}
        if plan.create:
            refused |= _refused_by(lambda: backend.create_items(plan.create))
        errors = _update(backend, plan.update, self._observer)
        refused |= {
            one.desired.file: errors[one.actual.id]
            for one in plan.update
            if one.actual.id in errors
        }
        if plan.delete:
            refused |= _refused_by(lambda: backend.delete_items(plan.delete))
        is_clear = not (plan.create or plan.delete or refused)
        written = [one.actual.id for one in plan.update] if is_clear else []
        after = self._look(wanted, written, tidy=not plan.waiting)
        open_files = _files_of(after)
        self.failed = {file: error for file, error in refused.items() if file in open_files}
        self.created += len(plan.create) - sum(one.file in self.failed for one in after.create)
        self.updated += sum(self._is_updated(one, errors) for one in plan.update)
        left = {item.id for item in self.listing.items} | self.listing.known.keys()
        self.deleted += sum(
            not (_file_of(one) in refused and one.id in left) for one in plan.delete
        )
        return after

    def _is_updated(self, update: Update, errors: Mapping[str, PlanaSecretsError]) -> bool:
        """Also after an error, where the list shows no trouble; but not what changed meanwhile."""
        error = errors.get(update.actual.id)
        is_open = isinstance(error, ItemChangedError) or update.desired.file in self.failed
        return error is None or not is_open

    def _look(self, wanted: Wanted, written: Sequence[str], *, tidy: bool) -> MirrorPlan:
        """``tidy``: what a killed run was still creating is a second copy, and goes."""
        self.wanted, self.listing = self._list(wanted, written)
        after = plan_mirror(self.wanted, self.listing, self._choices)
        only_copies = not (after.create or after.update or after.keep or after.removed)
        if not (tidy and after.delete and only_copies):
            return after
        if _refused_by(lambda: self._backend.delete_items(after.delete)):
            return after
        self.wanted, self.listing = self._list(self.wanted, [])
        return plan_mirror(self.wanted, self.listing, self._choices)


def _refused_by(action: Callable[[], None]) -> Mapping[str, PlanaSecretsError]:
    try:
        action()
    except ItemsRefusedError as error:
        return error.errors
    return {}


def _update(
    backend: Backend, updates: Sequence[Update], observer: Observer
) -> dict[str, PlanaSecretsError]:
    """Update one by one; what could not be, by the item's id."""
    refused: dict[str, PlanaSecretsError] = {}
    for number, update in enumerate(updates, start=1):
        try:
            backend.update_item(update.actual, update.desired)
        except ITEM_ERRORS as error:
            refused[update.actual.id] = error
        observer(Event("mirror-progress", {"done": number, "total": len(updates)}))
    return refused


def _file_of(item: ActualItem) -> str:
    return item.record.file if item.record else item.id


def _files_of(plan: MirrorPlan) -> set[str]:
    """Whose items the plan would change."""
    files = {item.file for item in plan.create}
    files |= {update.desired.file for update in plan.update}
    return files | {_file_of(item) for item in plan.delete}


def _check_result(files: set[str]) -> None:
    if files:
        raise ConflictError(
            f"the mirror does not contain what was written: {', '.join(sorted(files))}",
            kind="mirror-not-as-written",
            files=sorted(files),
        )


ADVICE: Final = {
    "mirror-not-as-written": "run it again; `plana-secrets mirror diff` shows what differs",
}
