"""What a pattern or a glob asks for, as a small tree: what ``automaton`` searches for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Chars:
    """One character: in one of the ``ranges`` of code points (or in none, if ``negated``)."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """The very beginning of the text."""


@dataclass(frozen=True, slots=True)
class End:
    """The very end of the text."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One node after another; none at all matches the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of the nodes."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least ``least`` times, at most ``most`` times (None: without an end)."""

    body: Node
    least: int
    most: int | None


Node = Chars | Begin | End | Chain | Choice | Repeat

ANYTHING: Final = Repeat(Chars((), negated=True), 0, None)


def literal(text: str) -> Chain:
    """The characters of ``text``, one after another."""
    return Chain(tuple(Chars(((ord(one), ord(one)),)) for one in text))
