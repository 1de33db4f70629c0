"""Two changes of one document, merged by path. Pure.

What is compared is a *unit*: a leaf, or a whole list, for the positions in a list move
when an entry is added. Changes of different units are both taken; the same change done
twice is one change. A unit that both changed differently, or that one changed inside
of what the other removed or replaced, is a conflict, and the caller says who wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from plana_secrets.document.edits import Content, content_from
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Empty, Item, Leaf, LeafType

Side = Literal["mine", "theirs"]
Entry = tuple[Item, Secret | None]

COMMENTS: LeafPath = ()
"""Represents the comments among the conflicts; no leaf has an empty path."""


@dataclass(frozen=True, slots=True)
class Merge:
    """``content`` is None as long as a conflict has no winner."""

    content: Content | None
    conflicts: tuple[LeafPath, ...]


def merge_contents(
    base: Content, mine: Content, theirs: Content, winners: Mapping[LeafPath, Side] | None = None
) -> Merge:
    """``theirs`` with the changes that lead from ``base`` to ``mine``."""
    before, ours, others = _units(base), _units(mine), _units(theirs)
    my_changes, their_changes = _changes(before, ours), _changes(before, others)
    conflicts = _conflicts(my_changes, their_changes, ours, others)
    talk = _Talk(base, mine, theirs)
    if talk.is_conflict:
        conflicts.append(COMMENTS)
    chosen = winners or {}
    if any(path not in chosen for path in conflicts):
        return Merge(None, tuple(conflicts))
    won = [path for path in conflicts if chosen[path] == "mine"]
    lost = [path for path in conflicts if chosen[path] == "theirs"]
    if talk.changed_by_me and COMMENTS not in lost:
        taken = _settle(their_changes, my_changes, refused=won, returned=lost)
        return Merge(_apply(mine, others, taken), tuple(conflicts))
    taken = _settle(my_changes, their_changes, refused=lost, returned=won)
    return Merge(_apply(theirs, ours, taken), tuple(conflicts))


def take_units(start: Content, source: Content, paths: Sequence[LeafPath]) -> Content:
    """``start`` with the units at ``paths`` as they are in ``source``, or without them."""
    return _apply(start, _units(source), paths)


def units_of(content: Content) -> dict[LeafPath, list[object]]:
    """Every unit with what two of them are compared by."""
    return {path: _facts(entries) or [] for path, entries in _units(content).items()}


def _settle(
    changes: Sequence[LeafPath],
    present: Sequence[LeafPath],
    *,
    refused: Sequence[LeafPath],
    returned: Sequence[LeafPath],
) -> list[LeafPath]:
    """What to take from the other side: its changes, unless they lost, and its state of
    what was changed here where it won."""
    return [
        *(path for path in changes if not _touches_any(path, refused)),
        *(path for path in present if _touches_any(path, returned) and path not in changes),
    ]


def _touches_any(path: LeafPath, others: Sequence[LeafPath]) -> bool:
    return any(_touch(path, other) for other in others if other != COMMENTS)


def unit_of(path: LeafPath) -> LeafPath:
    """The path up to the first list position."""
    for at, step in enumerate(path):
        if isinstance(step, int):
            return path[:at]
    return path


def _units(content: Content) -> dict[LeafPath, list[Entry]]:
    units: dict[LeafPath, list[Entry]] = {}
    for item, value in zip(content.items, content.values, strict=True):
        if not isinstance(item, Comment):
            units.setdefault(unit_of(item.path), []).append((item, value))
    return units


def _facts(entries: Sequence[Entry] | None) -> list[object] | None:
    """What two units are compared by."""
    if entries is None:
        return None
    return [
        (item.path, item.container)
        if isinstance(item, Empty)
        else (item.path, item.type, _bytes(item, value))
        for item, value in entries
        if isinstance(item, Leaf | Empty)
    ]


def _bytes(leaf: Leaf, value: Secret | None) -> bytes:
    return b"" if value is None or leaf.type is LeafType.NULL else value.reveal()


_Units = Mapping[LeafPath, Sequence[Entry]]


def _changes(before: _Units, after: _Units) -> list[LeafPath]:
    """Units that were added, changed or removed, in the order of the documents."""
    return [
        path
        for path in dict.fromkeys([*after, *before])
        if _facts(before.get(path)) != _facts(after.get(path))
    ]


def _conflicts(
    mine: Sequence[LeafPath], theirs: Sequence[LeafPath], ours: _Units, others: _Units
) -> list[LeafPath]:
    """The places at which two changes cannot live beside each other, each named once."""
    changed = set(theirs)
    agreed = {
        path
        for path in mine
        if path in changed and _facts(ours.get(path)) == _facts(others.get(path))
    }
    inside: dict[LeafPath, list[LeafPath]] = {}
    for path in theirs:
        for length in range(1, len(path) + 1):
            inside.setdefault(path[:length], []).append(path)
    places = dict.fromkeys(
        min(one, other, key=len)
        for one in mine
        if one not in agreed
        for other in (*_above(one, changed), *inside.get(one, ()))
        if other not in agreed
    )
    return [place for place in places if not _above(place, places)]


def _above(path: LeafPath, places: Container[LeafPath]) -> list[LeafPath]:
    return [path[:length] for length in range(1, len(path)) if path[:length] in places]


def _touch(one: LeafPath, other: LeafPath) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]


class _Talk:
    """The comments of the three, which have no path of their own: all or nothing."""

    def __init__(self, base: Content, mine: Content, theirs: Content) -> None:
        before, ours, others = (_comments(one) for one in (base, mine, theirs))
        self.changed_by_me = ours != before
        self.is_conflict = ours not in (before, others) and others != before


def _comments(content: Content) -> Counter[tuple[LeafPath, bytes]]:
    return Counter(
        (unit_of(item.path), value.reveal() if value is not None else b"")
        for item, value in zip(content.items, content.values, strict=True)
        if isinstance(item, Comment)
    )


def _apply(start: Content, source: _Units, paths: Sequence[LeafPath]) -> Content:
    """``start`` with the units at ``paths`` as they are in ``source``."""
    entries: list[Entry] = list(zip(start.items, start.values, strict=True))
    owners = [_owner(entry) for entry in entries]
    for path in paths:
        places = [at for at, owner in enumerate(owners) if owner == path]
        for at in reversed(places):
            del entries[at], owners[at]
        new = source.get(path, ())
        at = places[0] if places else _place(entries, source, path)
        entries[at:at] = new
        owners[at:at] = [path] * len(new)
    inner = {
        item.path[:depth]
        for item, _ in entries
        if not isinstance(item, Comment)
        for depth in range(len(item.path))
    }
    kept = [entry for entry in entries if not _is_orphan(entry[0], inner)]
    return content_from(kept)


def _is_orphan(item: Item, inner: Container[LeafPath]) -> bool:
    """Whether it is a comment in a map or list that holds nothing any more, or is none now."""
    return isinstance(item, Comment) and bool(item.path) and item.path not in inner


def _owner(entry: Entry) -> LeafPath | None:
    """The unit that an entry is of; a comment is of none."""
    return None if isinstance(entry[0], Comment) else unit_of(entry[0].path)


def _place(entries: Sequence[Entry], source: _Units, path: LeafPath) -> int:
    """Inside of the map that holds it: behind what precedes it in ``source``, else before what
    follows it, else at the end. What is in one map stays together.
    """
    depth = max(
        depth
        for depth in range(len(path))
        if not depth or _span(entries, path[:depth], inside=True)
    )
    order = [one for one in source if one[:depth] == path[:depth] and len(one) > depth]
    at = order.index(path) if path in source else len(order)
    for neighbour in reversed(order[:at]):
        if span := _span(entries, neighbour[: depth + 1]):
            return span[1] + 1
    for neighbour in order[at + 1 :]:
        if span := _span(entries, neighbour[: depth + 1]):
            return span[0]
    whole = _span(entries, path[:depth], inside=True)
    return whole[1] + 1 if depth and whole else len(entries)


def _span(
    entries: Sequence[Entry], place: LeafPath, *, inside: bool = False
) -> tuple[int, int] | None:
    """First and last of what is at ``place``, or only of what is inside of it."""
    length = len(place)
    found = [
        at
        for at, (item, _) in enumerate(entries)
        if item.path[:length] == place
        and (not inside or len(item.path) > length or isinstance(item, Comment))
    ]
    return (found[0], found[-1]) if found else None
