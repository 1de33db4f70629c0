"""Whose an item is: its record names the repository that wrote it.

Several repositories may write to one mirror, even to one collection: each sees the items of
the others as foreign, as those of people. An item that names no repository is of an
earlier release. It counts as ours, and names us after the next sync.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backend import (
    NOTHING_KNOWN,
    ActualItem,
    Backend,
    Desired,
    DesiredItem,
    Listing,
    Recall,
    Unsupported,
)


class OwnItems:
    """A ``Backend`` that lists the items of one repository.

    ``owner``: the id of the repository; None where its settings name none.
    """

    def __init__(self, backend: Backend, owner: str | None) -> None:
        self._backend = backend
        self._owner = owner
        self.name = backend.name
        self.item_size = backend.item_size

    @property
    def requests(self) -> int:
        return self._backend.requests

    def find_unsupported(self, item: DesiredItem) -> tuple[Unsupported, ...]:
        return self._backend.find_unsupported(item)

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Listing:
        own = replace(recall, settle=lambda some: recall.settle(own_part(some, self._owner)))
        return own_part(self._backend.list_items(own), self._owner)

    def list_again(self, ids: Sequence[str]) -> Listing | None:
        listing = self._backend.list_again(ids)
        return None if listing is None else own_part(listing, self._owner)

    def create_items(self, items: Sequence[Desired]) -> None:
        self._backend.create_items(items)

    def update_item(self, actual: ActualItem, desired: DesiredItem) -> None:
        self._backend.update_item(actual, desired)

    def delete_items(self, items: Sequence[ActualItem]) -> None:
        self._backend.delete_items(items)


def own_part(listing: Listing, owner: str | None) -> Listing:
    """The listing with the items of other repositories among the foreign ones."""
    others = tuple(one for one in listing.items if _owner_of(one) not in {None, owner})
    if not others:
        return listing
    ours = tuple(one for one in listing.items if _owner_of(one) in {None, owner})
    foreign = listing.foreign + len(others)
    return replace(listing, items=ours, foreign=foreign, others=others)


def lost_part(listing: Listing, wanted: str | None) -> Listing:
    """The listing for ``restore``, where the settings may be lost with the files.

    Without ``wanted`` our own items, or all where they are of one other repository.

    Raises:
        UsageError: there are items of several repositories (kind
            ``several-repositories``), or none of ``wanted`` (kind ``no-such-repository``).
    """
    if wanted is None and listing.items:
        return listing
    owners = sorted({owner for one in listing.others if (owner := _owner_of(one))})
    if wanted is not None and wanted not in owners:
        every = [one for one in listing.items if _owner_of(one) == wanted]
        if every:
            return Listing(tuple(every))
        raise UsageError(
            f"the mirror has no items of the repository {wanted}; there are: "
            f"{', '.join(owners) or 'none'}",
            kind="no-such-repository",
        )
    if wanted is None and len(owners) > 1:
        raise UsageError(
            f"the mirror has items of several repositories: {', '.join(owners)}",
            kind="several-repositories",
        )
    return Listing(
        tuple(one for one in listing.others if _owner_of(one) == (wanted or owners[0]))
        if owners
        else ()
    )


def _owner_of(item: ActualItem) -> str | None:
    return item.record.repository if item.record else None


ADVICE: Final = {
    "no-such-repository": "use one of these ids, or omit --repository",
    "several-repositories": "choose one with --repository",
}
