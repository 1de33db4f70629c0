"""Searching a text for a pattern in time that grows with the text, whatever the pattern.

Patterns and globs come with the repository, so they may be hostile. A pattern is a small
tree of nodes; it becomes the automaton of Thompson with a bounded number of states, and
the sets of states that a search meets are kept as a table that is built on the way (the
lazy DFA of RE2). Nothing backtracks. https://swtch.com/~rsc/regexp/regexp1.html
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import getitem, or_
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.sops.rules.letters import variants
from plana_secrets.sops.rules.patterntree import Begin, Chain, Chars, Choice, End, Node, Repeat

MOST_STATES: Final = 1000
"""Of one pattern, beside the one in which it has matched."""

_MOST_SETS: Final = 500
_MOST_MOVES: Final = 5000
"""Of the table of one pattern; then it starts again from nothing."""

_MATCHED: Final = 1
"""The bit of the state in which the pattern has matched."""


@dataclass(slots=True)
class _Split:
    """A state that reads nothing and goes on in several."""

    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """A state that reads one character, or is at an edge, and goes on in ``after``."""

    reads: Chars | Begin | End
    after: int


class _States:
    """The states of a pattern, numbered; 0 is the one in which it has matched."""

    def __init__(self, node: Node) -> None:
        self.all: list[_Split | _Step] = [_Split(())]
        self.start = self._add(node, 0)

    def _append(self, state: _Split | _Step) -> int:
        if len(self.all) > MOST_STATES:
            raise MalformedError(f"more than {MOST_STATES} states", kind="bad-pattern")
        self.all.append(state)
        return len(self.all) - 1

    def _add(self, node: Node, after: int) -> int:
        """The state in which ``node`` begins, when ``after`` follows it."""
        if isinstance(node, Chain):
            for part in reversed(node.parts):
                after = self._add(part, after)
            return after
        if isinstance(node, Choice):
            return self._append(_Split(tuple(self._add(part, after) for part in node.parts)))
        if isinstance(node, Repeat):
            return self._repeat(node, after)
        return self._append(_Step(node, after))

    def _repeat(self, node: Repeat, after: int) -> int:
        least, entry = node.least, after
        if node.most is None:
            split = _Split(())
            loop = self._append(split)
            body = self._add(node.body, loop)
            split.targets = (body, after)
            entry = body if least else loop
            least -= 1
        else:
            for _ in range(node.most - least):
                entry = self._append(_Split((self._add(node.body, entry), after)))
        for _ in range(least):
            entry = self._add(node.body, entry)
        return entry


class Automaton:
    """A pattern ready for use. ``folded``: letters match without regard to their case.

    Raises:
        MalformedError: it needs more than ``MOST_STATES`` states (kind ``bad-pattern``).
    """

    def __init__(self, node: Node, *, folded: bool = False) -> None:
        states = _States(node)
        self._states = states.all
        self._begin = states.start
        self._chunks = [_Chunk(self, at) for at in range(0, len(states.all), 8)]
        self._closures: dict[int, int] = {}
        self._alphabet = _Alphabet(states.all, folded=folded)
        self._ends = _mask(at for at, one in enumerate(states.all) if _reads(one, End))
        self.begins = _mask(at for at, one in enumerate(states.all) if _reads(one, Begin))
        self._restart = self._closure(self._begin)
        self._table: dict[int, SetOfStates] = {}
        self._moves = 0
        first = self._reach((self._begin,), begin=True, end=False)
        self._first = SetOfStates(self, first, matches=self._matches(first, begin=True))
        self._after_folder = ("", self._first)
        """Where the folder of the last text led: names come sorted, many of one folder."""

    @property
    def size(self) -> int:
        """The number of its states."""
        return len(self._states)

    @property
    def start(self) -> SetOfStates:
        """Where the search of a text begins."""
        return self._first

    @property
    def edges(self) -> tuple[int, ...]:
        """Code points between which no two characters are told apart."""
        return self._alphabet.edges

    def search(self, text: str) -> bool:
        """Whether the pattern matches somewhere in ``text``."""
        cut = text.rfind("/") + 1
        head, current = self._after_folder
        if text[:cut] != head:
            current = self._first
            for character in text[:cut]:
                current = current[character]
            self._after_folder = text[:cut], current
        for character in text[cut:]:
            current = current[character]
        return current.matches

    def move(self, current: SetOfStates, character: str) -> SetOfStates:
        """Where ``character`` leads; once it has matched, the rest does not matter."""
        if self._moves >= _MOST_MOVES or len(self._table) >= _MOST_SETS:
            self._forget()
        mask = current.mask
        if not mask & _MATCHED:
            mask = self._restart | self._follow(mask & self._alphabet.readers(character))
        target = self._table.get(mask)
        if target is None:
            target = SetOfStates(self, mask, matches=self._matches(mask, begin=False))
            self._table[mask] = target
        self._moves += 1
        return target

    def _forget(self) -> None:
        self._after_folder = ("", self._first)
        for known in (self._first, *self._table.values()):
            known.clear()
        self._table.clear()
        self._moves = 0

    def _follow(self, moving: int) -> int:
        """The states that come after those that read, eight of them at a time."""
        if not moving:
            return 0
        chunks = self._chunks
        return reduce(or_, map(getitem, chunks, moving.to_bytes(len(chunks), "little")))

    def after(self, at: int) -> int:
        """The states that come after the one numbered ``at`` has read."""
        state = self._states[at]
        return self._closure(state.after) if isinstance(state, _Step) else 0

    def _closure(self, state: int) -> int:
        """Reached from ``state`` without reading, in the middle of a text."""
        known = self._closures.get(state)
        if known is None:
            known = self._reach((state,), begin=False, end=False)
            self._closures[state] = known
        return known

    def _matches(self, mask: int, *, begin: bool) -> bool:
        """Whether a text that ends in these states has matched."""
        if mask & _MATCHED or not mask & self._ends:
            return bool(mask & _MATCHED)
        return bool(self._reach(_bits(mask & self._ends), begin=begin, end=True) & _MATCHED)

    def _reach(self, starts: Iterator[int] | tuple[int, ...], *, begin: bool, end: bool) -> int:
        """The states that are reached without reading: those that read, as a mask."""
        found, seen = 0, set(starts)
        todo = [*seen]
        while todo:
            at = todo.pop()
            state = self._states[at]
            if isinstance(state, _Split):
                targets = state.targets
                found |= _MATCHED if at == 0 else 0
            elif _is_passed(state.reads, begin=begin, end=end):
                targets = (state.after,)
            else:
                targets = ()
                found |= 1 << at
            fresh = [one for one in targets if one not in seen]
            seen.update(fresh)
            todo.extend(fresh)
        return found


class SetOfStates(dict[str, "SetOfStates"]):
    """A set of states, and where each character leads from it, as far as was asked.

    ``matches``: a text that ends here matches. ``has_matched``: so does whatever follows.
    ``is_dead``: nothing that follows can match.
    """

    __slots__ = ("_automaton", "mask", "matches")

    def __init__(self, automaton: Automaton, mask: int, *, matches: bool) -> None:
        self._automaton = automaton
        self.mask = mask
        self.matches = matches

    @property
    def has_matched(self) -> bool:
        return bool(self.mask & _MATCHED)

    @property
    def is_dead(self) -> bool:
        return not self.mask & ~self._automaton.begins

    def __missing__(self, character: str) -> SetOfStates:
        target = self._automaton.move(self, character)
        self[character] = target
        return target


class _Chunk(dict[int, int]):
    """What comes after each set of the eight states from ``first`` on, as far as was asked."""

    __slots__ = ("_automaton", "_first")

    def __init__(self, automaton: Automaton, first: int) -> None:
        self._automaton = automaton
        self._first = first

    def __missing__(self, byte: int) -> int:
        reached = (self._automaton.after(self._first + bit) for bit in _bits(byte))
        self[byte] = found = reduce(or_, reached, 0)
        return found


class _Alphabet:
    """Which states read a character. Characters that none tells apart share the answer."""

    def __init__(self, states: list[_Split | _Step], *, folded: bool) -> None:
        self._readers: dict[Chars, int] = {}
        for at, state in enumerate(states):
            if isinstance(state, _Step) and isinstance(state.reads, Chars):
                self._readers[state.reads] = self._readers.get(state.reads, 0) | 1 << at
        self._negated = 0
        edges: set[int] = set()
        for chars, mask in self._readers.items():
            self._negated |= mask if chars.negated else 0
            edges.update(edge for low, high in chars.ranges for edge in (low, high + 1))
        self._edges = sorted(edges)
        self._named: dict[int, int] = {}
        self._folded = folded

    @property
    def edges(self) -> tuple[int, ...]:
        """Where the answer may change, also that for another case of a letter."""
        if not self._folded:
            return tuple(self._edges)
        others = (ord(other) for edge in self._edges for other in variants(chr(edge)))
        return (*self._edges, *others)

    def readers(self, character: str) -> int:
        """The states that read ``character``, as a mask."""
        named = self._naming(ord(character))
        if self._folded:
            for other in variants(character):
                named |= self._naming(ord(other))
        return named ^ self._negated

    def _naming(self, point: int) -> int:
        """The states whose ranges hold the code point."""
        interval = bisect_right(self._edges, point)
        known = self._named.get(interval)
        if known is None:
            known = 0
            for chars, mask in self._readers.items():
                if any(low <= point <= high for low, high in chars.ranges):
                    known |= mask
            self._named[interval] = known
        return known


def _reads(state: _Split | _Step, what: type[Begin | End]) -> bool:
    return isinstance(state, _Step) and isinstance(state.reads, what)


def _is_passed(reads: Chars | Begin | End, *, begin: bool, end: bool) -> bool:
    return (begin and isinstance(reads, Begin)) or (end and isinstance(reads, End))


def _mask(bits: Iterator[int]) -> int:
    return reduce(or_, (1 << bit for bit in bits), 0)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
