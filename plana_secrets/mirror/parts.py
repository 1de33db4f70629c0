"""A file that a server refuses as one item, divided into several: its parts. Pure.

A part is an item like any other; its record says which part of its file it is, and has the
digests and the shape of its own leaves. Where a leaf belongs follows from the items that are
there: it stays in its part while that has room, so that one change touches one part. A part
that grew too large gives leaves away and takes none in the same run: what gives waits until
what takes has them, and nothing waits for what waits itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import TypeVar

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.mirror.backend import ActualItem, DesiredItem, Part, Record
from plana_secrets.mirror.drift import Wanted
from plana_secrets.mirror.form import is_heavier, weigh
from plana_secrets.mirror.item import NOTE, TITLE, digest_of, digest_of_text
from plana_secrets.mirror.itemerrors import ItemTooLargeError
from plana_secrets.mirror.logins import places_of
from plana_secrets.secret import Secret

_Entry = TypeVar("_Entry")


def number_of(record: Record) -> int:
    """The part that the item is, or that it becomes where the file is divided."""
    return record.part.number if record.part else 1


def is_divided(items: Iterable[ActualItem]) -> bool:
    return any(item.record and item.record.part for item in items)


def divide_refused(wanted: Wanted, refused: Mapping[str, PlanaSecretsError]) -> Wanted:
    """``wanted``, and of the files that were refused as too large those divided that can be."""
    too_large = {file for file, error in refused.items() if isinstance(error, ItemTooLargeError)}
    found = {
        item.file
        for item in wanted.items
        if item.file in too_large and is_heavier(item.opened(), wanted.item_size)
    }
    return replace(wanted, divided=wanted.divided | found) if found else wanted


def parts_of(
    desired: DesiredItem, items: Sequence[ActualItem], wanted: Wanted
) -> tuple[DesiredItem, ...]:
    """The items that the file is to have: itself, or its parts in their order.

    ``items``: those that are there. A file is divided if one of them is a part, or once
    it was refused as a whole, and is one item again when it fits into one part.
    """
    if wanted.item_size is None or not (desired.file in wanted.divided or is_divided(items)):
        return (desired,)
    around, weights = weigh(desired)
    homes: dict[str, set[int]] = defaultdict(set)
    for item in items:
        if item.record is not None:
            for path, _, _ in item.record.shape:
                homes[path].add(number_of(item.record))
    return _build(desired, lay_out(weights, homes, wanted.item_size - around))


def _build(desired: DesiredItem, numbers: Mapping[str, int]) -> tuple[DesiredItem, ...]:
    total = max(numbers.values(), default=1)
    if total == 1:
        return (desired,)
    order = tuple((number, len(list(run))) for number, run in groupby(numbers.values()))
    return tuple(
        _part(desired, numbers, Part(number, total, order if number == 1 else ()))
        for number in range(1, total + 1)
    )


def _part(desired: DesiredItem, numbers: Mapping[str, int], part: Part) -> DesiredItem:
    title = f"{desired.title} ({part.number}/{part.total})"
    paths = {path for path, number in numbers.items() if number == part.number}
    digests = {name: one for name, one in desired.record.digests.items() if name in paths}
    digests |= {TITLE: digest_of_text(title), NOTE: desired.record.digests[NOTE]}
    fields = tuple(field for field in desired.fields if field.path in paths)
    record = replace(
        desired.record,
        digests=digests,
        shape=tuple(one for one in desired.record.shape if one[0] in paths),
        plain=tuple(leaf for leaf in desired.record.plain if leaf.path in paths),
        part=part,
    )
    if not places_of(record):
        record = replace(record, form="note")
    return replace(desired, title=title, fields=fields, record=record)


def lay_out(
    weights: Mapping[str, int], homes: Mapping[str, Iterable[int]], room: int
) -> dict[str, int]:
    """The number of the part of each path, in the order of ``weights``.

    ``homes``: the parts that have a path now. ``room``: how much of the weights a part
    takes; only a path that is heavier than that is alone in one that has more.
    """
    now = max((number for some in homes.values() for number in some), default=1)
    layout = _Layout(room, count=min(now, _enough(weights, room)))
    numbers: dict[str, int] = {}
    for path, weight in weights.items():
        number = layout.stay(sorted(homes.get(path, ())), weight)
        if number is not None:
            numbers[path] = number
    near = 1
    for path, weight in weights.items():
        if path not in numbers:
            numbers[path] = layout.find(near, weight)
        near = numbers[path]
    return {path: numbers[path] for path in weights}


def _enough(weights: Mapping[str, int], room: int) -> int:
    """So many parts are enough, wherever the paths are: one that refuses a path has less left
    than the heaviest takes. It follows from the file alone, so that the next run agrees."""
    total, heaviest = sum(weights.values()), max(weights.values(), default=0)
    if total <= room:
        return 1
    return -(-total // (room - heaviest)) if heaviest < room else len(weights)


class _Layout:
    """Parts that fill up."""

    def __init__(self, room: int, count: int) -> None:
        self._room = room
        self._used = dict.fromkeys(range(1, count + 1), 0)
        self._gives: set[int] = set()

    def stay(self, homes: Sequence[int], weight: int) -> int | None:
        """The part that keeps a path; None where it has to find another."""
        kept = [number for number in homes if number in self._used]
        for number in kept:
            if self._take(number, weight):
                return number
        self._gives.update(kept)
        return None

    def find(self, near: int, weight: int) -> int:
        """The part for a path that has none; ``near`` has the path before it."""
        for number in (near, *self._used):
            if number not in self._gives and self._take(number, weight):
                return number
        new = len(self._used) + 1
        self._used[new] = weight
        return new

    def _take(self, number: int, weight: int) -> bool:
        used = self._used[number]
        if used and used + weight > self._room:
            return False
        self._used[number] = used + weight
        return True


class Held:
    """Which values of a divided file are where they belong: no other item loses them before.

    ``chosen``: the item that is there for each of ``parts``; ``items``: all of the file.
    ``overwrite``: what we did not write is not waited for (two items whose fields people
    swapped would wait for each other).
    """

    def __init__(
        self,
        parts: Sequence[DesiredItem],
        chosen: Sequence[ActualItem | None],
        items: Sequence[ActualItem],
        *,
        overwrite: bool,
    ) -> None:
        self._overwrite = overwrite
        self._is_divided = len(parts) > 1 or is_divided(items)
        self._homes = {
            field.path: number for number, part in enumerate(parts) for field in part.fields
        }
        self._there = [item.fields.keys() if item else frozenset() for item in chosen]

    def lacks_of(self, item: ActualItem, part: DesiredItem | None = None) -> bool:
        """Whether a value would be in no item if ``item`` became ``part``, or nothing."""
        if not self._is_divided:
            return False
        here = number_of(part.record) - 1 if part else None
        ours = item.record.digests if item.record else {}
        return any(
            self._homes[path] != here and path not in self._there[self._homes[path]]
            for path in item.fields
            if path in self._homes and (path in ours or not self._overwrite)
        )


@dataclass(frozen=True, slots=True)
class Whole:
    """A file as its items have it. ``missing``: numbers of parts that are not there."""

    item: ActualItem
    record: Record
    missing: tuple[int, ...] = ()


def reunite(items: Sequence[tuple[ActualItem, Record]]) -> Whole:
    """What the items of one file, at least one, say together; of copies the first counts.

    Where a run was killed between one item and parts, what is complete is taken.
    """
    parts: dict[int, tuple[ActualItem, Record]] = {}
    totals: dict[int, Part] = {}
    for item, record in items:
        if record.part is not None:
            parts.setdefault(record.part.number, (item, record))
            totals.setdefault(record.part.number, record.part)
    wholes = [Whole(item, record) for item, record in items if record.part is None]
    first = totals.get(1)
    total = first.total if first else max((part.total for part in totals.values()), default=0)
    missing = tuple(number for number in range(1, total + 1) if number not in parts)
    if wholes and (missing or not parts):
        return wholes[0]
    there = {number: parts[number] for number in sorted(parts) if number <= total}
    return Whole(*_join(there, first.order if first else ()), missing)


def _join(
    parts: Mapping[int, tuple[ActualItem, Record]], order: Sequence[tuple[int, int]]
) -> tuple[ActualItem, Record]:
    item, record = next(iter(parts.values()))
    shapes = {number: one.shape for number, (_, one) in parts.items()}
    shape = {entry[0]: entry for entry in _in_order(shapes, order)}
    plain = {leaf.path: leaf for _, one in parts.values() for leaf in one.plain}
    fields: dict[str, Secret] = {}
    digests: dict[str, str] = {}
    for one, its in parts.values():
        digests = {**its.digests, **digests}
        for name, content in one.fields.items():
            if name not in fields or digest_of(content) != its.digests.get(name):
                fields[name] = content
    joined = replace(
        record,
        digests=digests,
        shape=tuple(shape.values()),
        plain=tuple(plain[path] for path in shape if path in plain),
        part=None,
    )
    return replace(item, fields=fields, record=joined), joined


def _in_order(
    shapes: Mapping[int, Sequence[_Entry]], order: Sequence[tuple[int, int]]
) -> Iterator[_Entry]:
    """The leaves as the file has them, and at the end those that ``order`` does not know."""
    rest = {number: iter(shape) for number, shape in shapes.items()}
    for number, count in order:
        yield from islice(rest.get(number, iter(())), count)
    for shape in rest.values():
        yield from shape
