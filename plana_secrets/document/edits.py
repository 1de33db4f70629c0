"""What a document looks like after an edit. Pure: nothing is read or written here.

An edit names a leaf. Where it is new, the maps on the way to it are created; a position in
a list is one that exists or the next one; nothing passes through a scalar. What the
kind of the file forbids is refused before sops is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from plana_secrets.counts import counted
from plana_secrets.document.guard import check_removal, check_setting
from plana_secrets.document.kinds import ENTRIES, FileKind, kind_of
from plana_secrets.document.values import canonical_value
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Document, Empty, Item, Leaf, LeafType, Selector
from plana_secrets.sops.rules.selectors import is_encrypted_path


@dataclass(frozen=True, slots=True)
class SetLeaf:
    """Give the leaf at ``path`` this value and type; ``value`` as a person writes it."""

    path: LeafPath
    value: Secret
    type: LeafType = LeafType.STR


@dataclass(frozen=True, slots=True)
class Unset:
    """Remove what is at ``path``: a leaf, or a map or list with all that it holds.

    If this empties a map or list, that is removed too (``widest_removal``).
    """

    path: LeafPath


Edit = SetLeaf | Unset


@dataclass(frozen=True, slots=True)
class Content:
    """A document without its ciphertext: items and values by position, in document order."""

    items: tuple[Item, ...]
    values: tuple[Secret | None, ...]

    def leaves(self) -> dict[LeafPath, tuple[LeafType, Secret | None]]:
        """Type and value of every leaf; an empty map or list counts as a null there."""
        return {
            item.path: (item.type, value) if isinstance(item, Leaf) else (LeafType.NULL, None)
            for item, value in zip(self.items, self.values, strict=True)
            if not isinstance(item, Comment)
        }


EMPTY_CONTENT = Content((), ())


def content_from(entries: Iterable[tuple[Item, Secret | None]]) -> Content:
    """The content that has these items with their values."""
    kept = list(entries)
    return Content(tuple(item for item, _ in kept), tuple(value for _, value in kept))


def content_of(document: Document) -> Content:
    return Content(tuple(document.structure.items), tuple(document.values))


def plan_edits(
    content: Content, edits: Sequence[Edit], selector: Selector, *, by_rotation: bool = False
) -> Content:
    """The content after ``edits``, applied one after the other.

    ``by_rotation``: a keyset writes its own file and its targets; such edits may set
    readable leaves.

    Raises:
        UsageError: an edit is refused; the message names its path and the reason.
    """
    editor = _Editor(content, selector)
    for edit in edits:
        if isinstance(edit, SetLeaf):
            check_setting(edit.path, selector, edit.value, edit.type, by_rotation=by_rotation)
            editor.set(edit)
        else:
            check_removal(edit.path, selector, by_rotation=by_rotation)
            editor.unset(edit)
    return Content(tuple(editor.items), tuple(editor.values))


def changed_paths(before: Content, after: Content) -> tuple[LeafPath, ...]:
    """Paths that were added, changed or removed, in the order of the documents."""
    old, new = before.leaves(), after.leaves()
    paths = list(dict.fromkeys([*new, *old]))
    return tuple(path for path in paths if old.get(path) != new.get(path))


def widest_removal(items: Sequence[Item], path: LeafPath, selector: Selector) -> LeafPath:
    """``path``, or the outermost map or list that holds nothing else than what is there.

    The document stays, and of a Secret the last one of ``data`` and ``stringData``, which may
    be empty.
    """
    places = [item.path for item in items if not isinstance(item, Comment)]
    is_manifest = kind_of(selector) is FileKind.SECRET_MANIFEST
    least = 2 if is_manifest and not _has_other_entries(items, path) else 1
    for depth in range(least, len(path)):
        inside = [one for one in places if one[:depth] == path[:depth]]
        if all(one[: len(path)] == path for one in inside):
            return path[:depth]
    return path


def _has_other_entries(items: Sequence[Item], path: LeafPath) -> bool:
    """Whether the other one of ``data`` and ``stringData`` has entries."""
    others = set(ENTRIES) - {path[0]}
    return any(isinstance(item, Leaf) and item.path[0] in others for item in items)


class _Editor:
    """The items and values while they are edited."""

    def __init__(self, content: Content, selector: Selector) -> None:
        self.items: list[Item] = list(content.items)
        self.values: list[Secret | None] = list(content.values)
        self._selector = selector

    def set(self, edit: SetLeaf) -> None:
        path = edit.path
        leaf = Leaf(
            path,
            line=0,
            type=edit.type,
            in_scope=is_encrypted_path(self._selector, path),
            token=None,
            plain=None,
        )
        value = canonical_value(edit.value, edit.type)
        at = self._position(path)
        if at is not None and isinstance(self.items[at], Leaf):
            # its line tells which comment is next to it
            self.items[at] = replace(leaf, line=self.items[at].line)
            self.values[at] = value
            return
        if at is not None or any(True for _ in self._inside(path)):
            _refuse(path, "is a map or a list, not a value", "not-a-leaf")
        self._insert(leaf, value)

    def _insert(self, leaf: Leaf, value: Secret) -> None:
        depth = self._deepest_container(leaf.path)
        self._check_steps(leaf.path, depth)
        container = leaf.path[:depth]
        at = self._position(container)
        if at is not None:
            self.items[at], self.values[at] = leaf, value
            return
        last = max(self._inside(container), default=len(self.items) - 1)
        self.items.insert(last + 1, leaf)
        self.values.insert(last + 1, value)
        self._drop_empty_twin(leaf.path)

    def _drop_empty_twin(self, path: LeafPath) -> None:
        """A new manifest has an empty ``stringData``: not needed once ``data`` has an entry."""
        is_manifest = kind_of(self._selector) is FileKind.SECRET_MANIFEST
        for other in set(ENTRIES) - {path[0]} if is_manifest and path[0] in ENTRIES else ():
            at = self._position((other,))
            if at is not None and isinstance(self.items[at], Empty):
                del self.items[at], self.values[at]

    def _deepest_container(self, path: LeafPath) -> int:
        """How many steps of ``path`` lead to a map or list that is there already."""
        for depth in range(len(path) - 1, 0, -1):
            at = self._position(path[:depth])
            if at is not None and isinstance(self.items[at], Leaf):
                _refuse(path, f"{format_path(path[:depth])} is a value, not a map or list")
            if at is not None or any(True for _ in self._inside(path[:depth])):
                return depth
        return 0

    def _check_steps(self, path: LeafPath, depth: int) -> None:
        """List positions: the next one in a list that exists, the first in a new one."""
        step = path[depth]
        is_list, length = self._shape(path[:depth])
        if is_list is not None and is_list != isinstance(step, int):
            what = "a list" if is_list else "a map"
            _refuse(path, f"{format_path(path[:depth]) or 'the document'} is {what}")
        if isinstance(step, int) and step != length:
            _refuse(
                path, f"the list has {counted(length, 'entry')}, so the next position is [{length}]"
            )
        if any(isinstance(later, int) and later != 0 for later in path[depth + 1 :]):
            _refuse(path, "a new list begins at [0]")

    def _shape(self, container: LeafPath) -> tuple[bool | None, int]:
        """Whether a container is a list (None: it cannot be told), and its length."""
        at = self._position(container)
        if at is not None:
            item = self.items[at]
            return (isinstance(item, Empty) and item.container == "list"), 0
        steps = {self.items[one].path[len(container)] for one in self._below(container)}
        if not steps:
            return (False if not container else None), 0
        return any(isinstance(step, int) for step in steps), len(steps)

    def unset(self, edit: Unset) -> None:
        if self._position(edit.path) is None and not any(True for _ in self._below(edit.path)):
            _refuse(edit.path, "is not there", "no-such-path")
        path = widest_removal(self.items, edit.path, self._selector)
        first = self._position(path)
        doomed = {*self._inside(path)} | ({first} if first is not None else set())
        kept = [one for one in range(len(self.items)) if one not in doomed]
        self.items = [self.items[one] for one in kept]
        self.values = [self.values[one] for one in kept]
        if isinstance(path[-1], int):
            self._close_gap(path[:-1], path[-1])
        self._keep_container(path[:-1], min(doomed))

    def _close_gap(self, container: LeafPath, removed: int) -> None:
        depth = len(container)
        for at, item in enumerate(self.items):
            step = item.path[depth] if len(item.path) > depth else None
            if item.path[:depth] == container and isinstance(step, int) and step > removed:
                moved = (*container, step - 1, *item.path[depth + 1 :])
                self.items[at] = replace(item, path=moved)

    def _keep_container(self, container: LeafPath, at: int) -> None:
        """What lost its last entry and stays becomes an empty map."""
        if container and not any(True for _ in self._below(container)):
            self.items.insert(at, Empty(container, line=0, container="map"))
            self.values.insert(at, None)

    def _position(self, path: LeafPath) -> int | None:
        """The position of the leaf or empty container at exactly ``path``."""
        return next(
            (
                at
                for at, item in enumerate(self.items)
                if item.path == path and not isinstance(item, Comment)
            ),
            None,
        )

    def _inside(self, container: LeafPath) -> Iterable[int]:
        """Positions of everything in a container, its comments included."""
        depth = len(container)
        return (
            at
            for at, item in enumerate(self.items)
            if item.path[:depth] == container
            and (len(item.path) > depth or isinstance(item, Comment))
        )

    def _below(self, container: LeafPath) -> Iterable[int]:
        """Like ``_inside``, without comments."""
        return (at for at in self._inside(container) if not isinstance(self.items[at], Comment))


def _refuse(path: LeafPath, reason: str, kind: str = "bad-edit") -> NoReturn:
    spelled = format_path(path)
    raise UsageError(f"{spelled}: {reason}", kind=kind, path=spelled)


ADVICE: Final = {
    "bad-edit": "`plana-secrets ls {file}` shows its maps, lists and values",
}
