"""The regular expressions of sops's rules and files, of which only a subset is taken.

sops compiles them with RE2's syntax, and a pattern that RE2 does not compile *matches
nothing*: with an ``encrypted_regex`` that means a file in plaintext and status 0. So
what is accepted here is what certainly means the same to sops (literals,
``^ $ . [] () | * + ? {n,m}``, ``\\d``, ``\\w``, a leading ``(?i)``), and everything else
is refused rather than guessed at.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.sops.rules.automaton import Automaton, SetOfStates
from plana_secrets.sops.rules.patterntree import Begin, Chain, Chars, Choice, End, Node, Repeat

_LONGEST_PATTERN: Final = 1000
_DEEPEST_GROUP: Final = 50
_HIGHEST_COUNT: Final = 1000
_ESCAPABLE: Final = frozenset(string.punctuation + " ")
_REPEAT: Final = re.compile(r"[*+?]|\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")
_SIMPLE: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_DIGITS: Final = (0x30, 0x39)
_CLASSES: Final = {"d": (_DIGITS,), "w": (_DIGITS, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))}
_UNDECODED: Final = "\ufffd"
"""What RE2 reads in place of a byte that is not UTF-8."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Pattern:
    """A pattern ready for use. ``size``: how many states it has.

    ``start`` and ``edges`` are those of its automaton.
    """

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self.size = automaton.size

    @property
    def start(self) -> SetOfStates:
        return self._automaton.start

    @property
    def edges(self) -> tuple[int, ...]:
        return self._automaton.edges

    def search(self, text: str) -> bool:
        """Whether sops would find the pattern in ``text``.

        A byte of a file name that is not UTF-8 (a surrogate, in Python) is one character.
        """
        if not text.isascii():
            text = _SURROGATE.sub(_UNDECODED, text)
        return self._automaton.search(text)


def check_pattern(pattern: str) -> str | None:
    """Why ``pattern`` is outside the subset, or None."""
    try:
        compile_pattern(pattern)
    except MalformedError as error:
        return error.message
    return None


@lru_cache(maxsize=2048)
def compile_pattern(pattern: str) -> Pattern:
    """The pattern, ready to search as sops would search with it.

    Raises:
        MalformedError: outside the subset (the message names the column), or of more
            states than a pattern may have; kind ``bad-pattern``.
    """
    folded = pattern.startswith("(?i)")
    parser = _Parser(pattern, 4 if folded else 0, folded=folded)
    return Pattern(Automaton(parser.read(), folded=folded))


class _Parser:
    """Reads a pattern piece by piece into the nodes of an automaton."""

    def __init__(self, pattern: str, start: int, *, folded: bool) -> None:
        self._pattern = pattern
        self._position = start
        self._folded = folded

    def read(self) -> Node:
        if len(self._pattern) > _LONGEST_PATTERN:
            raise self._refuse(f"longer than {_LONGEST_PATTERN} characters")
        node, _ = self._alternatives(0)
        if self._position < len(self._pattern):
            raise self._refuse("a closing bracket without its opening one")
        return node

    def _alternatives(self, depth: int) -> tuple[Node, bool]:
        """Up to the end or a closing bracket; and whether a counted repeat is inside."""
        if depth > _DEEPEST_GROUP:
            raise self._refuse("groups too deep")
        branches: list[list[Node]] = [[]]
        counted = False
        while self._position < len(self._pattern) and self._peek() != ")":
            if self._peek() == "|":
                self._position += 1
                branches.append([])
                continue
            piece, inner = self._piece(depth)
            branches[-1].append(piece)
            counted = counted or inner
        chains = tuple(Chain(tuple(branch)) for branch in branches)
        return chains[0] if len(chains) == 1 else Choice(chains), counted

    def _piece(self, depth: int) -> tuple[Node, bool]:
        start = self._position
        atom, counted = self._atom(depth)
        match = _REPEAT.match(self._pattern, self._position)
        if match is None:
            return atom, counted
        if self._pattern[start] in "^$":
            raise self._refuse("a repeated anchor")
        self._position = match.end()
        bounds = _SIMPLE.get(match.group())
        if bounds is None:
            bounds = self._count(match, inner=counted)
            counted = True
        if self._position < len(self._pattern) and self._peek() == "?":
            self._position += 1  # the shortest match first: no matter where one is enough
        if self._position < len(self._pattern) and self._peek() in "*+?{":
            raise self._refuse("a repetition of a repetition")
        return Repeat(atom, *bounds), counted

    def _count(self, match: re.Match[str], *, inner: bool) -> tuple[int, int | None]:
        least = int(match.group(1))
        most = int(match.group(3)) if match.group(3) else least
        if inner:
            raise self._refuse("a counted repetition inside another")
        if max(least, most) > _HIGHEST_COUNT or most < least:
            raise self._refuse("a repetition count out of range")
        return least, None if match.group(2) and not match.group(3) else most

    def _atom(self, depth: int) -> tuple[Node, bool]:
        character = self._take()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set(), False
        if character == "\\":
            return Chars(self._escape()), False
        if character in "*+?{}]":
            self._position -= 1
            raise self._refuse(f"{character!r} with nothing to repeat or close")
        if character in _SPECIAL:
            return _SPECIAL[character], False
        return Chars(_single(self._literal(character))), False

    def _group(self, depth: int) -> tuple[Node, bool]:
        if self._pattern.startswith("?", self._position):
            if not self._pattern.startswith("?:", self._position):
                raise self._refuse("a group option other than '?:' (and '(?i)' at the start)")
            self._position += 2
        inner, counted = self._alternatives(depth + 1)
        if self._position >= len(self._pattern):
            raise self._refuse("a group that is not closed")
        self._position += 1
        return inner, counted

    def _escape(self) -> _Ranges:
        character = self._take()
        if character in _CLASSES:
            return self._shorthand(character)
        if character in _ESCAPABLE:
            return _single(character)
        raise self._refuse(f"the escape \\{character}")

    def _shorthand(self, character: str) -> _Ranges:
        if self._folded and character == "w":
            raise self._refuse(r"\w together with (?i)")
        return _CLASSES[character]

    def _set(self) -> Chars:
        negated = self._pattern.startswith("^", self._position)
        self._position += negated
        ranges: list[tuple[int, int]] = []
        while self._peek_or_refuse() != "]" or not ranges:
            ranges.extend(self._set_member(first=not ranges))
        self._position += 1
        return Chars(tuple(ranges), negated)

    def _set_member(self, *, first: bool) -> _Ranges:
        low = self._set_character(first=first)
        rest = self._pattern[self._position : self._position + 2]
        if not isinstance(low, str):
            return low
        if not rest.startswith("-") or rest == "-]":
            return _single(low)
        self._position += 1
        high = self._set_character(first=True)
        if not isinstance(high, str) or high < low:
            raise self._refuse("an invalid range")
        return ((ord(low), ord(high)),)

    def _set_character(self, *, first: bool) -> str | _Ranges:
        """One character of a set, or the ranges of a shorthand."""
        character = self._take()
        if character == "\\":
            escaped = self._take()
            if escaped in _CLASSES:
                return self._shorthand(escaped)
            if escaped not in _ESCAPABLE:
                raise self._refuse(f"the escape \\{escaped}")
            return escaped
        if character in "[]":
            raise self._refuse(f"{character!r} in a set without a backslash")
        if character == "-" and not first and self._peek_or_refuse() != "]":
            raise self._refuse("'-' in the middle of a set without a backslash")
        return self._literal(character)

    def _literal(self, character: str) -> str:
        if not character.isprintable() or character == _UNDECODED:
            raise self._refuse("a character that does not print")
        return character

    def _peek(self) -> str:
        return self._pattern[self._position]

    def _peek_or_refuse(self) -> str:
        if self._position >= len(self._pattern):
            raise self._refuse("a set or an escape that is not closed")
        return self._peek()

    def _take(self) -> str:
        character = self._peek_or_refuse()
        self._position += 1
        return character

    def _refuse(self, reason: str) -> MalformedError:
        return MalformedError(f"{reason} (column {self._position + 1})", kind="bad-pattern")


_Ranges = tuple[tuple[int, int], ...]

_SPECIAL: Final[dict[str, Node]] = {
    ".": Chars(((0x0A, 0x0A),), negated=True),
    "^": Begin(),
    "$": End(),
}


def _single(character: str) -> _Ranges:
    return ((ord(character), ord(character)),)
