"""Which paths a creation rule can still get, after the rules before it.

A path is relative, its parts are not empty and not ``.`` or ``..``. All automata run side
by side over every path at once: a set of states that was seen is not followed again, and one
character is tried for all that no pattern tells apart. The work is bounded; where the bound is
met, the question stays open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.sops.rules.automaton import SetOfStates
from plana_secrets.sops.rules.pattern import Pattern

_MOST_WORK: Final = 150_000
"""Steps of one automaton over one character; a tenth of a second."""

_NEW, _DOT, _DOTS, _NAME = range(4)
"""What the part of a path that is being read is so far."""


@dataclass(slots=True)
class Budget:
    """How many steps are left for the questions about one rules file."""

    left: int = field(default=_MOST_WORK)


def is_reachable(
    pattern: Pattern | None, before: Sequence[Pattern], under: str, budget: Budget
) -> bool | None:
    """Whether a path below the folder ``under`` matches ``pattern`` (None: every path does)
    and none of those ``before``; None if that is not known.

    ``under`` is empty for the root, and relative to the folder of the rules.
    """
    search = _Search(pattern, before, budget)
    return search.run(f"{under}/" if under else "")


class _Search:
    def __init__(self, pattern: Pattern | None, before: Sequence[Pattern], budget: Budget) -> None:
        self._wanted = pattern
        self._patterns = [*before, *([pattern] if pattern else [])]
        self._others = len(before)
        self._characters = tuple(_characters(self._patterns))
        self._budget = budget

    def run(self, prefix: str) -> bool | None:
        sets = [one.start for one in self._patterns]
        for character in prefix:
            sets = [one[character] for one in sets]
        todo = [(_NEW, tuple(sets))]
        seen = set(map(_key, todo))
        while todo:
            part, here = todo.pop()
            if self._is_found(part, here):
                return True
            self._budget.left -= len(self._characters) * len(here) + 1
            if self._budget.left < 0:
                return None
            for place in self._after(part, here):
                if _key(place) not in seen:
                    seen.add(_key(place))
                    todo.append(place)
        return False

    def _is_found(self, part: int, sets: tuple[SetOfStates, ...]) -> bool:
        taken = any(one.matches for one in sets[: self._others])
        return part == _NAME and not taken and all(one.matches for one in sets[self._others :])

    def _after(
        self, part: int, sets: tuple[SetOfStates, ...]
    ) -> Iterator[tuple[int, tuple[SetOfStates, ...]]]:
        if any(one.has_matched for one in sets[: self._others]):
            return  # a rule before takes every path that goes on from here
        for character in self._characters:
            following = _part_after(part, character)
            if following is not None:
                yield following, tuple(one[character] for one in sets)


def _key(place: tuple[int, tuple[SetOfStates, ...]]) -> tuple[int, ...]:
    part, sets = place
    return part, *(one.mask for one in sets)


def _part_after(part: int, character: str) -> int | None:
    """What the part is after ``character``; None where no path goes on so."""
    if character == "/":
        return _NEW if part == _NAME else None
    if character == "." and part in {_NEW, _DOT}:
        return part + 1
    return _NAME


def _characters(patterns: Sequence[Pattern]) -> Iterator[str]:
    """One of each kind of characters that the patterns or a path tell apart."""
    points = {0x20, ord("."), ord("/"), ord("0")}
    for pattern in patterns:
        points.update(pattern.edges)
    for point in sorted(points):
        if 0x20 <= point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF:
            yield chr(point)
