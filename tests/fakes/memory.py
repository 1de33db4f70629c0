"""The reference backend: what the protocol means, in the fewest words.

Several backends may look at one ``MemoryStore``, as several runs look at one server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.mirror.backend import (
    NOTHING_KNOWN,
    ActualItem,
    Desired,
    DesiredItem,
    Listing,
    Recall,
    Unsupported,
)
from plana_secrets.mirror.form import is_heavier
from plana_secrets.mirror.itemerrors import ItemChangedError, ItemsRefusedError, ItemTooLargeError


@dataclass
class MemoryStore:
    """The items by id, and the titles of other people's. ``limit``: of an item, in bytes."""

    limit: int | None = None
    items: dict[str, ActualItem] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    ids: count[int] = field(default_factory=lambda: count(1))


class MemoryBackend:
    """Implements ``Backend``; nothing outlives the process."""

    name = "memory"

    def __init__(self, store: MemoryStore | None = None) -> None:
        self._store = store or MemoryStore()

    @property
    def requests(self) -> int:
        return 0

    @property
    def item_size(self) -> int | None:
        return self._store.limit

    def find_unsupported(self, item: DesiredItem) -> tuple[Unsupported, ...]:
        del item
        return ()

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Listing:
        del recall
        return Listing(tuple(self._store.items.values()), len(self._store.foreign))

    def list_again(self, ids: Sequence[str]) -> None:
        """One call lists all."""

    def create_items(self, items: Sequence[Desired]) -> None:
        refused: dict[str, PlanaSecretsError] = {}
        for item in (one.opened() for one in items):
            if is_heavier(item, self._store.limit):
                refused[item.file] = _too_large(item)
                continue
            number = next(self._store.ids)
            self._store.items[str(number)] = _as_written(str(number), item, revision=1)
        if refused:
            raise ItemsRefusedError(refused)

    def update_item(self, actual: ActualItem, desired: DesiredItem) -> None:
        present = self._present(actual)
        if is_heavier(desired, self._store.limit):
            raise _too_large(desired)
        revision = int(present.revision) + 1
        self._store.items[actual.id] = _as_written(actual.id, desired, revision)

    def delete_items(self, items: Sequence[ActualItem]) -> None:
        for item in items:
            self._store.items.pop(item.id, None)

    def _present(self, actual: ActualItem) -> ActualItem:
        present = self._store.items.get(actual.id)
        if present is None or present.revision != actual.revision:
            raise ItemChangedError("an item was changed in the meantime", item=actual.id)
        return present


def _too_large(item: DesiredItem) -> ItemTooLargeError:
    return ItemTooLargeError(f"the item of {item.label} is too large", file=item.file)


def _as_written(number: str, item: DesiredItem, revision: int) -> ActualItem:
    return ActualItem(
        id=number,
        title=item.title,
        note=item.note,
        collection=item.collection,
        fields={one.path: one.shown for one in item.fields},
        record=replace(item.record),
        revision=str(revision),
    )
