"""Files and mirror side by side: what ``status``, ``diff``, ``sync`` and ``verify`` begin with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from plana_secrets.mirror.agreed import (
    Agreed,
    KeyedDigest,
    Pair,
    agree,
    agreeing,
    doubted,
    is_of,
    no_key,
    strangers_of,
    unchanged,
)
from plana_secrets.mirror.backend import Backend, Listing
from plana_secrets.mirror.drift import Choices, Drift, MirrorPlan, Wanted
from plana_secrets.mirror.plan import plan_mirror
from plana_secrets.mirror.source import Source, SourceReader, UnknownFile
from plana_secrets.secret import Secret
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


class Look:
    """Files and mirror, compared as often as it is asked for.

    Where the backend says what it opens, files and items are compared a few at a time, and those
    that agree are not kept: memory grows with what differs. ``agreed``: what need not be opened
    where it is as it was; ``keyed`` opens its context.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        reader: SourceReader,
        backend: Backend,
        choices: Choices,
        *,
        agreed: Agreed | None = None,
        keyed: KeyedDigest = no_key,
    ) -> None:
        self._snapshot = snapshot
        self._reader = reader
        self._backend = backend
        self._choices = choices
        self._agreed = agreed or Agreed()
        self._keyed = keyed
        self._settled = unchanged(self._agreed, reader, restamp=choices.restamp)
        self._unsettled = set[str]()
        """Files that are not settled again: they have more items than those that agreed."""
        self._context: Secret | None = None
        self._last: tuple[Wanted, Listing] | None = None
        self._unseen: Mapping[str, str] = {}

    @property
    def is_of_worktree(self) -> bool:
        return self._snapshot.is_work_tree

    @property
    def commit(self) -> str | None:
        return self._snapshot.commit

    def take(self) -> MirrorState:
        """Look at everything. Nothing is changed.

        Raises:
            CredentialError, UnavailableError, MalformedError: the mirror cannot be read. A
                file that cannot be read is drift of kind ``unknown``.
        """
        listing = self._list(frozenset())
        source = self._read(listing)
        wanted = _wanted(source, self._backend, _renames(self._snapshot, source, listing))
        wanted = _without_unseen(wanted, listing.unseen)
        self._last, self._unseen = (wanted, listing), listing.unseen
        plan = plan_mirror(wanted, listing, self._choices)
        return MirrorState(self._backend.name, source, wanted, listing, plan)

    def again(self, wanted: Wanted, written: Sequence[str]) -> tuple[Wanted, Listing]:
        """What the mirror holds after a change, beside the same files; see ``apply.LookAgain``."""
        listing = self._backend.list_again(written) if written else None
        listing = listing or self._list(wanted.divided)
        if wanted.settled != self._settled:
            source = self._reader.read(self._settled, self._backend.find_unsupported)
            fresh = _wanted(source, self._backend, wanted.renames)
            fresh = _without_unseen(fresh, self._unseen)
            wanted = replace(fresh, divided=wanted.divided)
        self._last = wanted, listing
        return wanted, listing

    def agree(self, plan: MirrorPlan, keyed: KeyedDigest) -> Agreed | None:
        """What agrees by a plan for what was seen last."""
        if self._last is None:
            return None
        return agree(self._agreed, self._reader, *self._last, plan, keyed)

    def _read(self, listing: Listing) -> Source:
        """The files, where there is anything to say of them."""
        is_all = is_of(self._agreed, self._reader) and self._settled == self._agreed.files.keys()
        if is_all and not listing.items:
            return self._reader.all_settled(self._settled)
        return self._reader.read(self._settled, self._backend.find_unsupported)

    def _list(self, divided: frozenset[str]) -> Listing:
        """The listing, and in ``_settled`` the files of which it shows no more than what agrees."""
        while True:
            found = dict[str, Pair]()
            settle = partial(self._settle, divided, found)
            recall = self._agreed.recall(self._settled, self._keyed)
            if self._context is not None:
                recall = replace(recall, holds=self._context.__eq__)
            listing = self._backend.list_items(replace(recall, settle=settle))
            self._remember(listing, found)
            others, closed = doubted(self._agreed, self._settled, listing)
            self._settled -= others
            self._unsettled |= closed
            if not closed:
                return listing

    def _remember(self, listing: Listing, found: Mapping[str, Pair]) -> None:
        """What this run opened, and under what it is known, for its next listing."""
        self._context = None if listing.unseen else listing.context
        if self._context is not None:
            self._agreed = self._agreed.after(found, strangers_of(listing))
        elif found:
            self._agreed = self._agreed.after(found, self._agreed.strangers)

    def _settle(
        self, divided: frozenset[str], found: dict[str, Pair], listing: Listing
    ) -> Collection[str]:
        """See ``Recall``. Part of a file's items alone never agree with it.

        What the first look did not see stays unknown in this run.
        """
        files = {item.record.file for item in listing.items if item.record is not None}
        source = self._reader.read_some(files - self._unsettled, self._backend.find_unsupported)
        wanted = _wanted(source, self._backend, {})
        wanted = replace(
            _without_unseen(wanted, {**listing.unseen, **self._unseen}), divided=divided
        )
        plan = plan_mirror(wanted, listing, self._choices)
        pairs = agreeing(self._reader, wanted, listing, plan)
        found |= pairs
        self._settled |= pairs.keys()
        self._reader.drop(pairs)
        return {item_id for pair in pairs.values() for item_id in pair.items}


def _without_unseen(wanted: Wanted, unseen_places: Mapping[str, str]) -> Wanted:
    """What is in a collection that the account does not see is unknown, not missing."""
    unseen = {
        item.file: unseen_places[item.collection]
        for item in wanted.items
        if item.collection is not None and item.collection in unseen_places
    }
    if not unseen:
        return wanted
    items = tuple(item for item in wanted.items if item.file not in unseen)
    return replace(wanted, items=items, unknown={**wanted.unknown, **unseen})


def _renames(snapshot: Snapshot, source: Source, listing: Listing) -> dict[str, str]:
    """What git says of the new files, where items of other files are left."""
    files = {item.file for item in source.items} | source.settled
    left = {*files, *(one.file for one in source.unknown), *source.withdrawn}
    origins = list(listing.origins())
    new = files - {file for file, _ in origins}
    commits = {commit for file, commit in origins if file not in left and commit}
    if not (new and commits and snapshot.commit):
        return {}
    repository, found = snapshot.workspace.repository, dict[str, str]()
    for commit in sorted(commits)[:_MANY]:
        if repository.is_ancestor(commit, snapshot.commit):
            found |= repository.renames(commit, snapshot.commit)
    return found


def _reason(unknown: UnknownFile) -> str:
    """Without the name of the file, which is told beside it."""
    return unknown.error.message.removeprefix(f"{unknown.file}: ")


def _wanted(source: Source, backend: Backend, renames: Mapping[str, str]) -> Wanted:
    return Wanted(
        items=source.items,
        unknown={one.file: _reason(one) for one in source.unknown},
        titles=source.titles,
        unsupported=source.unsupported,
        withdrawn=source.withdrawn,
        renames=renames,
        item_size=backend.item_size,
        settled=source.settled,
    )
