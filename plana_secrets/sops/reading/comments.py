"""Comments, which the event parser skips, and the container that each belongs to.

sops encrypts a comment with the path of the map or list around it, and keeps
it out of the MAC. Which container that is follows from the column; where layout leaves
it open, every container that is open there is a candidate.

Source: ``stores/yaml/store.go`` of sops 3.11.0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from plana_secrets.sops.reading.parts import (
    MOST_ENTRIES,
    TOO_MANY_WITH_COMMENTS,
    Container,
    Scalar,
    Tree,
)


class Found(NamedTuple):
    """A comment in the text. ``start`` is where it sorts among the values.

    ``candidates`` are the containers that it may belong to, the likeliest first;
    the first ``sure`` of them are those that its column, or its line, names.
    """

    start: int
    line: int
    text: str
    candidates: list[Container]
    sure: int
    in_block: bool


def find_comments(tree: Tree) -> list[Found]:
    """Every comment of the text, in order; tabs between values join the defects."""
    if tree.spans is None:
        return []
    positions = _positions(tree)
    if len(positions) + len(tree.scalars) > MOST_ENTRIES:
        tree.refuse(TOO_MANY_WITH_COMMENTS, None)
        return []
    finder = _Finder(tree)
    return [finder.place(position) for position in positions]


def _positions(tree: Tree) -> list[int]:
    """Where comments start: each ``#`` outside a scalar, up to the end of its line."""
    text = tree.text
    positions: list[int] = []
    cursor = 0
    for start, end, style in [*(tree.spans or ()), (len(text), len(text), "")]:
        _scan(tree, cursor, start, positions)
        if style in {"|", ">"}:
            header_end = text.find("\n", start)
            _scan(tree, start, header_end if header_end >= 0 else end, positions)
        cursor = end
        if len(positions) > MOST_ENTRIES:
            break
    return positions


def _scan(tree: Tree, start: int, end: int, positions: list[int]) -> None:
    """Look through what is between two scalars."""
    text = tree.text
    while start < end and len(positions) <= MOST_ENTRIES:
        found = text.find("#", start, end)
        tab = text.find("\t", start, found if found >= 0 else end)
        if tab >= 0:
            tree.refuse("a tab between values", text.count("\n", 0, tab) + 1)
        if found < 0:
            break
        positions.append(found)
        start = _line_end(text, found)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


class _Finder:
    """Finds the entries around a position without looking through all of them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._entries = sorted(tree.scalars, key=lambda one: one.start)
        self._starts = [one.start for one in self._entries]
        self._nodes = [start for start, _end, _style in tree.spans or ()]

    def place(self, position: int) -> Found:
        text = self._tree.text
        line_start = text.rfind("\n", 0, position) + 1
        inline = bool(text[line_start:position].strip())
        candidates = self._candidates(position)
        flow = next((one for one in candidates if self._is_inside_flow(one, position)), None)
        if flow is not None:
            likely = [flow]
        elif inline:
            likely = self._beside(line_start, position) or [
                one for one in candidates if one.start >= line_start
            ]
        else:
            column = position - line_start
            likely = [one for one in candidates if one.column == column]
        return Found(
            start=line_start if inline else position,
            line=text.count("\n", 0, position) + 1,
            text=text[position + 1 : _line_end(text, position)],
            candidates=likely + [one for one in candidates if one not in likely],
            sure=len(likely) or len(candidates),
            in_block=self._in_block(position),
        )

    def _candidates(self, position: int) -> list[Container]:
        """The containers that are open here or start next, innermost first."""
        node = bisect_right(self._nodes, position)
        following = self._nodes[node] if node < len(self._nodes) else -1
        index = bisect_right(self._starts, position)
        found = self._tree.containers[:1]
        for entry in self._entries[max(index - 1, 0) : index + 1]:
            found += [
                one
                for one in _around(entry)
                if (one.start <= position < one.end or position < one.start <= following)
                and one not in found
            ]
        return sorted(found, key=lambda one: -one.depth)

    def _is_inside_flow(self, container: Container, position: int) -> bool:
        """Between brackets the column says nothing: sops writes comments into ``{}``, too."""
        is_flow = self._tree.text[container.start] in "{["
        return is_flow and container.start <= position < container.end

    def _beside(self, line_start: int, position: int) -> list[Container]:
        """The container of the value on the same line, if there is one."""
        index = bisect_left(self._starts, position) - 1
        if index < 0 or self._starts[index] < line_start:
            return []
        entry = self._entries[index]
        return [entry.container if isinstance(entry, Scalar) else entry]

    def _in_block(self, position: int) -> bool:
        block = self._tree.block
        if block is None:
            return False
        return block.start <= position <= _line_end(self._tree.text, block.end - 1)


def _around(entry: Scalar | Container) -> Iterator[Container]:
    """The containers around an entry, the innermost first."""
    one: Container | None = entry.container if isinstance(entry, Scalar) else entry
    while one is not None:
        yield one
        one = one.parent
