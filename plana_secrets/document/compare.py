"""What differs between two versions of the secret files: names only, never a value. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from plana_secrets.document.kinds import canonical_selector
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.sops.model import (
    Document,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    Selector,
    Structure,
)

FileChange = Literal["added", "changed", "removed"]
PathChange = Literal["added", "changed", "removed", "re-encrypted", "changed or re-encrypted"]


@dataclass(frozen=True, slots=True)
class Version:
    """One side of a file. ``document`` None: no identity opens it. ``problem``: it is unsound."""

    structure: Structure
    document: Document | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PathDifference:
    path: str
    change: PathChange


@dataclass(frozen=True, slots=True)
class NameDifference:
    """What was added to and removed from a set of names."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True, slots=True)
class FileDifference:
    """``selector``: (before, after) where it changed. ``data_key``: whether it changed, None
    if that is unknown. ``problems``: why a side could not be read.
    """

    file: str
    change: FileChange
    paths: tuple[PathDifference, ...] = ()
    recipients: NameDifference = NameDifference()
    selector: tuple[str, str] | None = None
    data_key: bool | None = None
    problems: tuple[str, ...] = ()

    @property
    def is_reencryption(self) -> bool:
        """Every path has its old value, only the ciphertext is another one."""
        return bool(self.paths) and all(one.change == "re-encrypted" for one in self.paths)


def compare_file(file: str, old: Version | None, new: Version | None) -> FileDifference:
    """What differs between two versions of one file; None is no file."""
    change: FileChange = "changed" if old and new else "added" if new else "removed"
    metadata = [side.structure.metadata if side else None for side in (old, new)]
    problems = tuple(
        f"{when}: {side.problem}"
        for when, side in (("before", old), ("after", new))
        if side and side.problem
    )
    if _is_unknown(old) or _is_unknown(new):
        return FileDifference(file, change, problems=problems)
    return FileDifference(
        file,
        change,
        tuple(_compare_paths(old, new)),
        compare_names(_recipients(metadata[0]), _recipients(metadata[1])),
        _compare_selectors(*metadata) if old and new else None,
        _compare_data_keys(old, new),
        problems,
    )


def _is_unknown(side: Version | None) -> bool:
    """Whether a side could not be read at all; nothing is said then of what is in it."""
    if side is None or side.problem is None or side.structure.metadata is not None:
        return False
    return all(defect.check != "not-sops" for defect in side.structure.defects)


def _compare_paths(old: Version | None, new: Version | None) -> Iterator[PathDifference]:
    before, after = _items(old), _items(new)
    both_open = all(side is None or side.document for side in (old, new))
    for path in dict.fromkeys([*after, *before]):
        change = _compare_path(before.get(path), after.get(path), opened=both_open)
        if change is not None:
            yield PathDifference(format_path(path), change)


_Sided = tuple[Item, bytes | None]
"""An item and its value, where it could be opened."""


def _items(version: Version | None) -> dict[LeafPath, _Sided]:
    if version is None:
        return {}
    values = version.document.values if version.document else [None] * len(version.structure.items)
    return {
        item.path: (item, None if value is None else value.reveal())
        for item, value in zip(version.structure.items, values, strict=True)
        if isinstance(item, (Leaf, Empty))
    }


def _compare_path(old: _Sided | None, new: _Sided | None, *, opened: bool) -> PathChange | None:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if _form(old[0]) == _form(new[0]):
        return None
    if _encrypted(old[0]) != _encrypted(new[0]) or not _encrypted(new[0]):
        return "changed"
    if not opened:
        return "changed or re-encrypted"
    same = old[1] == new[1] and _type(old[0]) == _type(new[0])
    return "re-encrypted" if same else "changed"


def _form(item: Item) -> tuple[object, ...]:
    """What the file contains for an item; the same form under one path is the same value."""
    if isinstance(item, Empty):
        return (item.container,)
    token = item.token
    if token is not None:
        return token.data, token.iv, token.tag, token.type
    return _type(item), item.plain.reveal() if item.plain is not None else None


def _encrypted(item: Item) -> bool:
    return not isinstance(item, Empty) and item.token is not None


def _type(item: Item) -> LeafType | None:
    return item.type if isinstance(item, Leaf) else None


def _compare_data_keys(old: Version | None, new: Version | None) -> bool | None:
    if old is None or new is None or old.document is None or new.document is None:
        return None
    return old.document.data_key != new.document.data_key


def _recipients(metadata: Metadata | None) -> tuple[str, ...]:
    return tuple(stanza.recipient for stanza in metadata.recipients) if metadata else ()


def compare_names(old: tuple[str, ...], new: tuple[str, ...]) -> NameDifference:
    """What was added to and removed from a set of names."""
    return NameDifference(tuple(sorted(set(new) - set(old))), tuple(sorted(set(old) - set(new))))


def _compare_selectors(old: Metadata | None, new: Metadata | None) -> tuple[str, str] | None:
    sides = tuple(describe_selector(one.selector) if one else "not encrypted" for one in (old, new))
    return None if sides[0] == sides[1] else (sides[0], sides[1])


def describe_selector(selector: Selector) -> str:
    """A selector in words."""
    canonical = canonical_selector(selector)
    return f"{canonical.option} {canonical.pattern}" if canonical.option else "everything"
