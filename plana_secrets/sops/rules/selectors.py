"""Which keys a selector encrypts, decided as sops decides it.

sops tests a selector against every key on the way to a leaf, never against the joined
path, and list positions are not keys. Its patterns are RE2, and a pattern that RE2
does not compile *matches nothing*: with an ``encrypted_regex`` that means a file in
plaintext and status 0. So only a subset is accepted here that means the same to RE2
and to Python (literals, ``^ $ . [] () | * + ? {n,m}``, ``\\d``, ``\\w``, a leading
``(?i)``), and everything else is refused rather than guessed at.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Selector

SELECTOR_OPTIONS: Final = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)
"""The six options of sops; a file or a rule has at most one of them."""

DEFAULT_SUFFIX: Final = "_unencrypted"
"""What sops leaves readable where a file names no selector."""

_LONGEST_PATTERN: Final = 1000
_DEEPEST_GROUP: Final = 50
_HIGHEST_COUNT: Final = 1000
_ESCAPABLE: Final = frozenset(string.punctuation + " ")
_REPEAT: Final = re.compile(r"[*+?]|\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")
_CLASSES: Final = {"d": "0-9", "w": "0-9A-Za-z_"}


@dataclass(frozen=True, slots=True)
class Scope:
    """A selector made ready: a path is encrypted when any key ``hits``, or when none does.

    A reader that walks a tree asks ``hits`` once a key and carries the answer down.
    """

    hits: Callable[[str], bool]
    encrypted_on_hit: bool

    def encrypts(self, path: LeafPath) -> bool:
        hit = any(self.hits(step) for step in path if isinstance(step, str))
        return hit is self.encrypted_on_hit


def is_encrypted_path(selector: Selector, path: LeafPath) -> bool:
    """Whether a leaf at ``path`` is to be encrypted; for a comment, give its parent's path.

    Raises:
        MalformedError: the selector is not one that can be decided (``selector_problem``).
    """
    return scope_of(selector).encrypts(path)


def selector_problem(selector: Selector) -> str | None:
    """Why a selector cannot be decided, or None where it can."""
    option = selector.option
    if option is None:
        return None
    if option not in SELECTOR_OPTIONS:
        return f"{option} is not a selector of sops"
    if option.endswith("_comment_regex"):
        return f"{option} selects by comments, which do not survive everywhere"
    if not selector.pattern:
        return f"{option} is empty"
    if option.endswith("_suffix"):
        return None
    reason = check_pattern(selector.pattern)
    return f"{option}: {reason}" if reason else None


@lru_cache(maxsize=256)
def scope_of(selector: Selector) -> Scope:
    """The scope of a selector, compiled once.

    Raises:
        MalformedError: kind ``bad-selector``.
    """
    problem = selector_problem(selector)
    if problem is not None:
        raise MalformedError(f"selector refused: {problem}", kind="bad-selector")
    option = selector.option or "unencrypted_suffix"
    pattern = selector.pattern if selector.option else DEFAULT_SUFFIX
    encrypted_on_hit = option.startswith("encrypted")
    if option.endswith("_suffix"):
        return Scope(_suffix_test(pattern), encrypted_on_hit)
    return Scope(_search_test(compile_pattern(pattern)), encrypted_on_hit)


def _suffix_test(suffix: str) -> Callable[[str], bool]:
    return lambda key: key.endswith(suffix)


def _search_test(compiled: re.Pattern[str]) -> Callable[[str], bool]:
    @lru_cache(maxsize=8192)
    def hits(key: str) -> bool:
        return compiled.search(key) is not None

    return hits


def check_pattern(pattern: str) -> str | None:
    """Why ``pattern`` is outside the subset that RE2 and Python read alike, or None."""
    try:
        compile_pattern(pattern)
    except MalformedError as error:
        return error.message
    return None


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The Python pattern that searches as RE2 would search with ``pattern``.

    Raises:
        MalformedError: outside the subset (kind ``bad-pattern``); names the column.
    """
    folded = pattern.startswith("(?i)")
    parser = _Parser(pattern, 4 if folded else 0, folded=folded)
    translated = parser.read()
    return re.compile(translated, re.IGNORECASE if folded else 0)


class _Parser:
    """Reads a pattern piece by piece and writes what Python is to make of it."""

    def __init__(self, pattern: str, start: int, *, folded: bool) -> None:
        self._pattern = pattern
        self._position = start
        self._folded = folded

    def read(self) -> str:
        if len(self._pattern) > _LONGEST_PATTERN:
            raise self._refuse(f"longer than {_LONGEST_PATTERN} characters")
        translated, _ = self._alternatives(0)
        if self._position < len(self._pattern):
            raise self._refuse("a closing bracket without its opening one")
        return translated

    def _alternatives(self, depth: int) -> tuple[str, bool]:
        """Up to the end or a closing bracket; and whether a counted repeat is inside."""
        if depth > _DEEPEST_GROUP:
            raise self._refuse("groups too deep")
        parts: list[str] = []
        counted = False
        while self._position < len(self._pattern) and self._peek() != ")":
            if self._peek() == "|":
                self._position += 1
                parts.append("|")
                continue
            piece, inner = self._piece(depth)
            parts.append(piece)
            counted = counted or inner
        return "".join(parts), counted

    def _piece(self, depth: int) -> tuple[str, bool]:
        start = self._position
        atom, counted = self._atom(depth)
        match = _REPEAT.match(self._pattern, self._position)
        if match is None:
            return atom, counted
        if self._pattern[start] in "^$":
            raise self._refuse("a repeated anchor")
        self._position = match.end()
        repeat = match.group()
        if repeat.startswith("{"):
            self._check_count(match, inner=counted)
            counted = True
        if self._position < len(self._pattern) and self._peek() == "?":
            self._position += 1
            repeat += "?"
        if self._position < len(self._pattern) and self._peek() in "*+?{":
            raise self._refuse("a repetition of a repetition")
        return atom + repeat, counted

    def _check_count(self, match: re.Match[str], *, inner: bool) -> None:
        least = int(match.group(1))
        most = int(match.group(3)) if match.group(3) else least
        if inner:
            raise self._refuse("a counted repetition inside another")
        if max(least, most) > _HIGHEST_COUNT or most < least:
            raise self._refuse("a repetition count out of range")

    def _atom(self, depth: int) -> tuple[str, bool]:
        character = self._take()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set(), False
        if character == "\\":
            return self._escape(), False
        if character in "*+?{}]":
            self._position -= 1
            raise self._refuse(f"{character!r} where it repeats or closes nothing")
        special = {".": ".", "^": r"\A", "$": r"\Z"}
        return special.get(character) or self._literal(character), False

    def _group(self, depth: int) -> tuple[str, bool]:
        if self._pattern.startswith("?", self._position):
            if not self._pattern.startswith("?:", self._position):
                raise self._refuse("a group option other than '?:' (and '(?i)' at the start)")
            self._position += 2
        inner, counted = self._alternatives(depth + 1)
        if self._position >= len(self._pattern):
            raise self._refuse("a group that is not closed")
        self._position += 1
        return f"(?:{inner})", counted

    def _escape(self) -> str:
        character = self._take()
        if character in _CLASSES:
            return f"[{self._shorthand(character)}]"
        if character in _ESCAPABLE:
            return re.escape(character)
        raise self._refuse(f"the escape \\{character}")

    def _shorthand(self, character: str) -> str:
        if self._folded and character == "w":
            raise self._refuse(r"\w together with (?i)")
        return _CLASSES[character]

    def _set(self) -> str:
        negated = self._pattern.startswith("^", self._position)
        self._position += negated
        parts: list[str] = []
        while self._peek_or_refuse() != "]" or not parts:
            parts.append(self._set_member(first=not parts))
        self._position += 1
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _set_member(self, *, first: bool) -> str:
        low = self._set_character(first=first)
        if len(low) > 1:
            return low
        rest = self._pattern[self._position : self._position + 2]
        if not rest.startswith("-") or rest == "-]":
            return re.escape(low)
        self._position += 1
        high = self._set_character(first=True)
        if len(high) > 1 or high < low:
            raise self._refuse("a range that is none")
        return f"{re.escape(low)}-{re.escape(high)}"

    def _set_character(self, *, first: bool) -> str:
        """One character of a set, or the expansion of a shorthand."""
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
        self._literal(character)
        return character

    def _literal(self, character: str) -> str:
        if not character.isprintable():
            raise self._refuse("a character that does not print")
        return re.escape(character)

    def _peek(self) -> str:
        return self._pattern[self._position]

    def _peek_or_refuse(self) -> str:
        if self._position >= len(self._pattern):
            raise self._refuse("a set or an escape that does not end")
        return self._peek()

    def _take(self) -> str:
        character = self._peek_or_refuse()
        self._position += 1
        return character

    def _refuse(self, reason: str) -> MalformedError:
        return MalformedError(f"{reason} (column {self._position + 1})", kind="bad-pattern")
