"""The steps of the tests of the mirror: items, runs, looks, and being killed in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from plana_secrets.mirror.apply import Applied, LookAgain, apply_mirror
from plana_secrets.mirror.backend import (
    NOTHING_KNOWN,
    ActualItem,
    Backend,
    DesiredItem,
    Field,
    Listing,
    Recall,
)
from plana_secrets.mirror.drift import Choices, MirrorPlan, Wanted
from plana_secrets.mirror.item import build_item
from plana_secrets.mirror.plan import plan_mirror
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType

COMMIT = "a" * 40
LATER = "b" * 40
PLAIN = Choices()
OVERWRITE = Choices(overwrite_edits=True)
PRUNE = Choices(prune=True)


class Hand(Protocol):
    """Changes made behind our back; ``file`` names the item by its record."""

    def set_field(self, file: str, path: str, text: str) -> None: ...
    def add_field(self, file: str, name: str, text: str) -> None: ...
    def remove_field(self, file: str, path: str) -> None: ...
    def set_note(self, file: str, text: str) -> None: ...
    def set_title(self, file: str, text: str) -> None: ...
    def clone(self, file: str) -> None: ...
    def trash(self, file: str) -> None: ...
    def move(self, file: str) -> None: ...
    def delete(self, file: str) -> None: ...
    def add_foreign(self, title: str) -> None: ...
    def foreign(self) -> object:
        """Something that is equal as long as nobody touches the foreign items."""
        ...


class Place(Protocol):
    """A store for items. ``open`` gives a fresh view of the same store, as a new run has."""

    collection: str | None
    hand: Hand

    def open(self) -> Backend: ...


def make_item(
    file: str,
    values: dict[str, str],
    *,
    collection: str | None = None,
    commit: str | None = COMMIT,
    title: str | None = None,
    repository: str | None = None,
) -> DesiredItem:
    """A desired item with one field a value."""
    fields = [Field(path, Secret.from_text(text)) for path, text in values.items()]
    shape = [(path, LeafType.STR, "text") for path in values]
    return build_item(
        file=file,
        title=title or f"title of {file}",
        commit=commit,
        collection=collection,
        fields=fields,
        shape=shape,
        repository=repository,
    )


class Kept(list[ActualItem]):
    """Stands for the place where overwritten items are kept."""

    def __call__(self, item: ActualItem) -> str:
        self.append(item)
        return f"kept {len(self)}"


def sync(
    backend: Backend,
    items: list[DesiredItem],
    choices: Choices = PLAIN,
    keep: Kept | None = None,
    unknown: dict[str, str] | None = None,
) -> Applied:
    """Plan and apply, as a run does."""
    wanted = Wanted(tuple(items), unknown=unknown or {}, item_size=backend.item_size)
    plan = plan_mirror(wanted, backend.list_items(), choices)
    keep = Kept() if keep is None else keep
    return apply_mirror(backend, wanted, plan, choices, keep=keep, look=looking(backend))


def looking(backend: Backend) -> LookAgain:
    """As ``state.Look.again``, where no file changes in between."""

    def look(wanted: Wanted, written: Sequence[str]) -> tuple[Wanted, Listing]:
        again = backend.list_again(written) if written else None
        return wanted, again or backend.list_items()

    return look


def look(backend: Backend, items: list[DesiredItem], choices: Choices = PLAIN) -> MirrorPlan:
    wanted = Wanted(tuple(items), item_size=backend.item_size)
    return plan_mirror(wanted, backend.list_items(), choices)


def kinds(plan: MirrorPlan) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(one.kind.value, one.file, one.paths) for one in plan.drift]


def contents(backend: Backend) -> dict[str, dict[str, str]]:
    """File to path to text, of all items of ours."""
    return {
        item.record.file: {path: value.reveal_text() for path, value in item.fields.items()}
        for item in backend.list_items().items
        if item.record
    }


class Interrupted(BaseException):
    """Stands for a kill."""


class Interrupting:
    """A backend that is killed before or after its n-th call; creation stops half-way, too."""

    def __init__(self, backend: Backend, call: int, *, after: bool) -> None:
        self._backend = backend
        self._left = call
        self._after = after
        self.name = backend.name
        self.item_size = backend.item_size

    def find_unsupported(self, item: DesiredItem) -> Any:
        return self._backend.find_unsupported(item)

    @property
    def requests(self) -> int:
        return self._backend.requests

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Any:
        return self._call(lambda: self._backend.list_items(recall))

    def list_again(self, ids: Any) -> Any:
        return self._call(lambda: self._backend.list_again(ids))

    def create_items(self, items: Any) -> None:
        if self._left == 0 and self._after:
            self._backend.create_items(list(items)[:1])
            raise Interrupted
        self._call(lambda: self._backend.create_items(items))

    def update_item(self, actual: ActualItem, desired: DesiredItem) -> None:
        self._call(lambda: self._backend.update_item(actual, desired))

    def delete_items(self, items: Any) -> None:
        self._call(lambda: self._backend.delete_items(items))

    def _call(self, action: Any) -> Any:
        self._left -= 1
        if self._left == -1 and not self._after:
            raise Interrupted
        result = action()
        if self._left == -1:
            raise Interrupted
        return result
