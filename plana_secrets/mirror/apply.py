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
from plana_secrets.mirror.backend import (
    ITEM_ERRORS,
    ActualItem,
    Backend,
    ItemsRefusedError,
    Listing,
)
from plana_secrets.mirror.drift import Choices, Drift, MirrorPlan, Update, Wanted
from plana_secrets.mirror.plan import plan_mirror
from plana_secrets.observability import Event, Observer, silent

KeepItem = Callable[[ActualItem], str]
"""Keeps an item for its owner, durably, and says where."""


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
    observer: Observer = silent,
) -> Applied:
    """Carry out ``plan``, list again, and compare.

    An item that the server refuses is in ``failed``, unless the list shows that it was
    written all the same.

    Raises:
        ConflictError: the mirror does not hold what was written (kind
            ``mirror-not-as-written``).
        PlanaSecretsError: the server cannot be reached, or takes nothing from us.
    """
    kept = tuple(_keep(item, keep) for item in plan.keep)
    refused: dict[str, PlanaSecretsError] = {}
    if plan.create:
        refused |= _refused_by(lambda: backend.create_items(plan.create))
    refused |= _update(backend, plan.update, observer)
    if plan.delete:
        refused |= _refused_by(lambda: backend.delete_items(plan.delete))
    listing, after = _look_again(backend, wanted, choices)
    open_files = _files_of(after)
    failed = {file: error for file, error in refused.items() if file in open_files}
    _check_result(open_files - failed.keys())
    return Applied(
        created=len(plan.create) - sum(one.file in failed for one in after.create),
        updated=len(plan.update) - sum(one.desired.file in failed for one in after.update),
        deleted=len(plan.delete) - sum(_file_of(one) in failed for one in after.delete),
        kept=kept,
        after=after,
        listing=listing,
        failed=failed,
    )


def _look_again(backend: Backend, wanted: Wanted, choices: Choices) -> tuple[Listing, MirrorPlan]:
    """What the mirror holds now; what a killed run was still creating is a second copy."""
    listing = backend.list_items()
    after = plan_mirror(wanted, listing, choices)
    only_copies = not (after.create or after.update or after.keep or after.removed)
    if after.delete and only_copies and not _refused_by(lambda: backend.delete_items(after.delete)):
        listing = backend.list_items()
        after = plan_mirror(wanted, listing, choices)
    return listing, after


def _keep(item: ActualItem, keep: KeepItem) -> tuple[str, str]:
    return _file_of(item), keep(item)


def _refused_by(action: Callable[[], None]) -> Mapping[str, PlanaSecretsError]:
    try:
        action()
    except ItemsRefusedError as error:
        return error.errors
    return {}


def _update(
    backend: Backend, updates: Sequence[Update], observer: Observer
) -> dict[str, PlanaSecretsError]:
    """Update one by one; what could not be, by file."""
    refused: dict[str, PlanaSecretsError] = {}
    for number, update in enumerate(updates, start=1):
        try:
            backend.update_item(update.actual, update.desired)
        except ITEM_ERRORS as error:
            refused[update.desired.file] = error
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
