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

_SETTING_UP: Final = 5
"""What each pattern costs before the first step."""

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
    prefix = f"{under}/" if under else ""
    budget.left -= (len(prefix) + _SETTING_UP) * len(before)
    return _Search(pattern, before, budget).run(prefix) if budget.left >= 0 else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one path has come to: its last part, the wanted pattern, and of those before it
    the ones that may still match, by their number.
    """

    part: int
    wanted: SetOfStates | None
    others: tuple[tuple[int, SetOfStates], ...]

    @property
    def key(self) -> tuple[object, ...]:
        wanted = self.wanted.mask if self.wanted is not None else None
        return (self.part, wanted, *((number, one.mask) for number, one in self.others))

    @property
    def is_found(self) -> bool:
        taken = any(one.matches for _, one in self.others)
        return self.part == _NAME and not taken and (self.wanted is None or self.wanted.matches)

    @property
    def is_taken(self) -> bool:
        """Whether a rule before takes every path that goes on from here."""
        return any(one.has_matched for _, one in self.others)

    def after(self, part: int, character: str) -> _Place | None:
        """Where ``character`` leads; None where the wanted pattern can no longer match."""
        wanted = self.wanted[character] if self.wanted is not None else None
        if wanted is not None and wanted.is_dead:
            return None
        others = ((number, one[character]) for number, one in self.others)
        return _Place(part, wanted, tuple(one for one in others if not one[1].is_dead))


class _Search:
    def __init__(self, pattern: Pattern | None, before: Sequence[Pattern], budget: Budget) -> None:
        others = tuple((number, one.start) for number, one in enumerate(before))
        self._start = _Place(_NEW, pattern.start if pattern else None, others)
        self._characters = tuple(_characters([*before, *([pattern] if pattern else [])]))
        self._budget = budget

    def run(self, prefix: str) -> bool | None:
        start: _Place | None = self._start
        for character in prefix:
            start = start.after(_NEW, character) if start is not None else None
        todo = [start] if start is not None else []
        seen = {one.key for one in todo}
        while todo:
            here = todo.pop()
            if here.is_found:
                return True
            if self._budget.left < 0:
                return None
            for place in self._after(here):
                if place.key not in seen:
                    seen.add(place.key)
                    todo.append(place)
        return False

    def _after(self, here: _Place) -> Iterator[_Place]:
        if here.is_taken:
            return
        self._budget.left -= len(self._characters)
        for character in self._characters:
            part = _part_after(here.part, character)
            place = here.after(part, character) if part is not None else None
            if place is not None:
                self._budget.left -= len(here.others)
                yield place


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
