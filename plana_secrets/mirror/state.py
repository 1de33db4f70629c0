"""Files and mirror side by side: what ``status``, ``diff``, ``sync`` and ``verify`` begin with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.mirror.backend import Backend, Listing, Unsupported
from plana_secrets.mirror.drift import Choices, Drift, MirrorPlan, Wanted
from plana_secrets.mirror.plan import plan_mirror
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.mirror.source import Source, read_source
from plana_secrets.secretfiles.snapshot import Snapshot

_MANY: Final = 20
"""Commits that are compared with HEAD; items are from few, as each run takes one."""


@dataclass(frozen=True, slots=True)
class MirrorState:
    """What was read, and what follows from it."""

    backend: str
    source: Source
    wanted: Wanted
    listing: Listing
    plan: MirrorPlan

    @property
    def drift(self) -> tuple[Drift, ...]:
        return self.plan.drift

    @property
    def in_sync(self) -> bool:
        return not self.plan.drift


def find_drift(
    snapshot: Snapshot,
    settings: MirrorSettings,
    backend: Backend,
    *,
    choices: Choices | None = None,
    never: Collection[str] = (),
    owner: str | None = None,
) -> MirrorState:
    """Read the files and the mirror, and compare them. Nothing is changed.

    Raises:
        CredentialError, UnavailableError, MalformedError: the mirror cannot be read. A
            file that cannot be read is drift of kind ``unknown``.
    """
    source = read_source(snapshot, settings, never=never, owner=owner)
    listing = backend.list_items()
    wanted = _wanted(source, backend, _renames(snapshot, source, listing))
    wanted = _without_unseen(wanted, listing)
    plan = plan_mirror(wanted, listing, choices or Choices())
    return MirrorState(backend.name, source, wanted, listing, plan)


def _without_unseen(wanted: Wanted, listing: Listing) -> Wanted:
    """What is in a collection that the account does not see is unknown, not missing."""
    unseen = {
        item.file: listing.unseen[item.collection]
        for item in wanted.items
        if item.collection is not None and item.collection in listing.unseen
    }
    if not unseen:
        return wanted
    items = tuple(item for item in wanted.items if item.file not in unseen)
    return replace(wanted, items=items, unknown={**wanted.unknown, **unseen})


def _renames(snapshot: Snapshot, source: Source, listing: Listing) -> dict[str, str]:
    """What git says of the new files, where items of other files are left."""
    files = {item.file for item in source.items}
    left = {*files, *(one.file for one in source.unknown), *source.withdrawn}
    records = [one.record for one in listing.items if one.record]
    new = files - {one.file for one in records}
    commits = {one.commit for one in records if one.file not in left and one.commit}
    if not (new and commits and snapshot.commit):
        return {}
    repository, found = snapshot.workspace.repository, dict[str, str]()
    for commit in sorted(commits)[:_MANY]:
        if repository.is_ancestor(commit, snapshot.commit):
            found |= repository.renames(commit, snapshot.commit)
    return found


def _wanted(source: Source, backend: Backend, renames: Mapping[str, str]) -> Wanted:
    unsupported: Mapping[str, tuple[Unsupported, ...]] = {
        item.file: (
            *source.unsupported.get(item.file, ()),
            *backend.find_unsupported(item),
        )
        for item in source.items
    }
    return Wanted(
        items=source.items,
        unknown={one.file: one.error.message for one in source.unknown},
        titles=source.titles,
        unsupported=unsupported,
        withdrawn=source.withdrawn,
        renames=renames,
        item_size=backend.item_size,
    )
