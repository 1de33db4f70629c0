"""Doing what a plan says, then looking whether it is so.

The order loses nothing at any point of interruption: what is about to be overwritten is
kept first, deletions come last, and the next run plans from what it then finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import ConflictError
from plana_secrets.mirror.backend import ActualItem, Backend, Listing
from plana_secrets.mirror.plan import Choices, MirrorPlan, Wanted, plan_mirror
from plana_secrets.observability import Event, Observer, silent

KeepItem = Callable[[ActualItem], str]
"""Keeps an item for its owner, durably, and says where."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done. ``after``: the plan for what the mirror then held.

    ``kept``: where the items with overwritten hand edits are now, by file.
    """

    created: int
    updated: int
    deleted: int
    kept: tuple[tuple[str, str], ...]
    after: MirrorPlan
    listing: Listing

    @classmethod
    def nothing(cls, plan: MirrorPlan, listing: Listing) -> Applied:
        """Nothing was to be done, so there is nothing to read back."""
        return cls(0, 0, 0, (), plan, listing)


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

    Raises:
        ConflictError: items changed under our hands, or hold what we must not destroy
            (the backend's kind; the others were done), or the mirror does not hold what
            was written (kind ``mirror-not-as-written``).
    """
    kept = tuple(_keep(item, keep) for item in plan.keep)
    if plan.create:
        backend.create_items(plan.create)
    refused = _update(backend, plan, observer)
    if plan.delete:
        backend.delete_items(plan.delete)
    listing = backend.list_items()
    after = plan_mirror(wanted, listing, choices)
    if refused:
        first = next(iter(refused.values()))
        raise ConflictError(first.message, kind=first.kind, files=list(refused))
    _check_result(after)
    return Applied(len(plan.create), len(plan.update), len(plan.delete), kept, after, listing)


def _keep(item: ActualItem, keep: KeepItem) -> tuple[str, str]:
    return item.record.file if item.record else item.id, keep(item)


def _update(backend: Backend, plan: MirrorPlan, observer: Observer) -> dict[str, ConflictError]:
    """Update one by one; what could not be, by file: one item's trouble stops no other."""
    refused = {}
    for number, update in enumerate(plan.update, start=1):
        try:
            backend.update_item(update.actual, update.desired)
        except ConflictError as error:
            refused[update.desired.file] = error
        observer(Event("mirror-progress", {"done": number, "total": len(plan.update)}))
    return refused


def _check_result(after: MirrorPlan) -> None:
    if after.is_empty:
        return
    files = {item.file for item in after.create}
    files |= {update.desired.file for update in after.update}
    files |= {item.record.file for item in after.delete if item.record}
    raise ConflictError(
        f"the mirror does not contain what was written: {', '.join(sorted(files))}",
        kind="mirror-not-as-written",
        files=sorted(files),
    )


ADVICE: Final = {
    "mirror-not-as-written": "run it again; `plana-secrets mirror diff` shows what differs",
}
