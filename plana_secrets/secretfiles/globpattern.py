"""A glob as a pattern for the automaton; loaded only for globs that are more than a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.sops.rules.automaton import Automaton
from plana_secrets.sops.rules.patterntree import (
    ANYTHING,
    Begin,
    Chain,
    Chars,
    End,
    Node,
    Repeat,
    literal,
)


def compile_glob(text: str) -> Callable[[str], bool]:
    """Whether a name matches, for a glob without ``!`` in front.

    Raises:
        MalformedError: it is no glob.
    """
    body = text.rstrip("/")
    above = () if "/" in body else (_FOLDERS,)
    below = _BELOW if text.endswith("/") else Repeat(_BELOW, 0, 1)
    nodes = _nodes(body.removeprefix("/"))
    return Automaton(Chain((Begin(), *above, *nodes, below, End()))).search


_SLASH: Final = ord("/")
_BELOW: Final = Chain((literal("/"), ANYTHING))
_FOLDERS: Final = Repeat(Chain((ANYTHING, literal("/"))), 0, 1)
_IN_NAME: Final = Chars(((_SLASH, _SLASH),), negated=True)
_SOMETHING: Final = Repeat(Chars((), negated=True), 1, None)

_WILD: Final = re.compile(r"(?:^|(?<=/))\*\*/|/\*\*$|^\*\*$|\*+|\?|\[|\\")
_FIXED: Final[dict[str, Node]] = {
    "**/": _FOLDERS,
    "/**": Chain((literal("/"), _SOMETHING)),
    "?": _IN_NAME,
}


def _nodes(body: str) -> Iterator[Node]:
    position = 0
    while (match := _WILD.search(body, position)) is not None:
        yield literal(body[position : match.start()])
        wild, position = match.group(), match.end()
        if wild == "\\":
            if position == len(body):
                raise MalformedError("a backslash at the end")
            yield literal(body[position])
            position += 1
        elif wild == "[":
            chars, position = _set(body, position)
            yield chars
        elif wild == "**" and match.start() == 0 and position == len(body):
            yield ANYTHING
        else:
            yield _FIXED.get(wild, Repeat(_IN_NAME, 0, None))
    yield literal(body[position:])


def _set(body: str, position: int) -> tuple[Chars, int]:
    """The set that begins after a bracket, and where it ends. It holds no slash."""
    negated = body.startswith(("!", "^"), position)
    position += negated
    ranges: list[tuple[int, int]] = []
    first = True
    while first or not body.startswith("]", position):
        if body.startswith("[:", position):
            raise MalformedError("a class such as [:alpha:]; use a range")
        low, position = _character(body, position)
        high = low
        if body.startswith("-", position) and not body.startswith("-]", position):
            high, position = _character(body, position + 1)
        if high < low:
            raise MalformedError("a range whose end is before its start")
        ranges.append((low, high))
        first = False
    if negated:
        return Chars((*ranges, (_SLASH, _SLASH)), negated=True), position + 1
    parts = ((low, min(high, _SLASH - 1)) for low, high in ranges)
    others = ((max(low, _SLASH + 1), high) for low, high in ranges)
    return Chars(tuple(one for one in (*parts, *others) if one[0] <= one[1])), position + 1


def _character(body: str, position: int) -> tuple[int, int]:
    """A character of a set, and where the next one is."""
    position += body.startswith("\\", position)
    if position >= len(body):
        raise MalformedError("a set that is not closed")
    return ord(body[position]), position + 1
