"""Globs as in ``.gitignore``, on posix names relative to the repository.

A pattern without a slash matches at any depth; ``**`` spans folders; a pattern that
matches a folder matches everything in it; ``!`` in front takes back; the last pattern
that matches wins. A match takes time linear in the name, whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

from plana_secrets.errors import MalformedError, UsageError
from plana_secrets.sops.rules.automaton import (
    ANYTHING,
    Automaton,
    Begin,
    Chain,
    Chars,
    End,
    Node,
    Repeat,
    literal,
)


def glob_match(patterns: Iterable[str], file: str) -> bool:
    """Whether the last pattern that matches ``file`` is one without ``!``.

    Raises:
        UsageError: one of the patterns is no glob (kind ``bad-glob``).
    """
    pattern = last_match(patterns, file)
    return pattern is not None and not pattern.startswith("!")


def last_match(patterns: Iterable[str], file: str) -> str | None:
    """The last pattern that matches ``file``, a taking-back one included; None for none.

    Raises:
        UsageError: as ``glob_match`` does.
    """
    found = None
    for pattern in patterns:
        if _compiled(pattern)(file):
            found = pattern
    return found


def glob_problem(pattern: str) -> str | None:
    """Why ``pattern`` is no glob, or None."""
    try:
        _compiled(pattern)
    except UsageError as error:
        return error.message
    return None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Callable[[str], bool]:
    text = pattern.removeprefix("!")
    if name := _NAME.fullmatch(text):  # most globs are such, and this is four times as fast
        inside = f"/{name[1]}/"
        return lambda file: inside in f"/{file}/"
    body = text.rstrip("/")
    above = () if "/" in body else (_FOLDERS,)
    below = _BELOW if text.endswith("/") else Repeat(_BELOW, 0, 1)
    try:
        nodes = _nodes(body.removeprefix("/"))
        return Automaton(Chain((Begin(), *above, *nodes, below, End()))).search
    except MalformedError as error:
        raise UsageError(
            f"not a glob: {pattern}: {error.message}", kind="bad-glob", glob=pattern
        ) from None


_NAME: Final = re.compile(r"(?:\*\*/)?([^*?\[\\/]{1,1000})")
"""A name at any depth."""
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


ADVICE: Final = {
    "bad-glob": "fix it in plana-secrets.toml; globs are as in .gitignore",
}
