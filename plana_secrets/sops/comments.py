"""Comments, which the event parser skips, and the container that each belongs to.

sops encrypts a comment with the path of the map or list that it stands in, and keeps
it out of the MAC. Which container that is follows from the column; where layout leaves
it open, every container that is open there is a candidate.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from plana_secrets.sops.tree import MOST_ENTRIES, Container, Tree


class Found(NamedTuple):
    """A comment in the text. ``start`` is where it sorts among the values.

    ``candidates`` are the containers that it may belong to, the likeliest first;
    ``sure`` of them belong to the place that its column names.
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
        tree.refuse(f"more than {MOST_ENTRIES} entries and comments", None)
        return []
    return [_place(tree, position) for position in positions]


def _positions(tree: Tree) -> list[int]:
    """Where comments start: each ``#`` outside a scalar, up to the end of its line."""
    text = tree.text
    positions: list[int] = []
    cursor = 0
    for start, end, style in [*(tree.spans or ()), (len(text), len(text), "")]:
        cursor = _scan(tree, cursor, start, positions)
        if style in {"|", ">"}:
            header_end = text.find("\n", start)
            _scan(tree, start, header_end if header_end >= 0 else end, positions)
        cursor = max(cursor, end)
    return positions


def _scan(tree: Tree, start: int, end: int, positions: list[int]) -> int:
    """Look through what lies between two scalars; where the look ended."""
    text = tree.text
    while start < end:
        found = text.find("#", start, end)
        gap_end = found if found >= 0 else end
        tab = text.find("\t", start, gap_end)
        if tab >= 0:
            tree.refuse("a tab between values", text.count("\n", 0, tab) + 1)
        if found < 0:
            break
        positions.append(found)
        start = _line_end(text, found)
    return max(start, end)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _place(tree: Tree, position: int) -> Found:
    text = tree.text
    line_start = text.rfind("\n", 0, position) + 1
    inline = bool(text[line_start:position].strip())
    line = text.count("\n", 0, position) + 1
    content = text[position + 1 : _line_end(text, position)]
    candidates = _candidates(tree, position)
    if inline:
        likely = _beside(tree, line_start, position)
    else:
        column = position - line_start
        likely = [one for one in candidates if one.column == column]
    ordered = likely + [one for one in candidates if one not in likely]
    sure = len(likely) or len(ordered)
    start = line_start if inline else position
    return Found(start, line, content, ordered, sure, _in_block(tree, position))


def _candidates(tree: Tree, position: int) -> list[Container]:
    """The containers that are open at a position or start next after it, innermost first."""
    spans = tree.spans or []
    index = bisect_right(spans, (position, position, ""))
    following = spans[index][0] if index < len(spans) else -1
    found = [
        one
        for one in tree.containers
        if one.start <= position < one.end or position < one.start <= following
    ]
    if tree.containers and tree.containers[0] not in found:
        found.append(tree.containers[0])
    return sorted(found, key=lambda one: -one.depth)


def _beside(tree: Tree, line_start: int, position: int) -> list[Container]:
    """The container of the value on the same line, if there is one."""
    for scalar in reversed(tree.scalars):
        if line_start <= scalar.start < position:
            return [scalar if isinstance(scalar, Container) else scalar.container]
    return []


def _in_block(tree: Tree, position: int) -> bool:
    block = tree.block
    return block is not None and block.start <= position <= _line_end(tree.text, block.end - 1)
