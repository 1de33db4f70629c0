"""dotenv text to names with values and back, taking only what every dialect reads alike. Pure.

A shell, Docker, python-dotenv and the dotenv of npm disagree about interpolation, escapes and
comments in a value without quotes. What they read differently is refused with its line; in
single quotes every character is itself. A value may span lines inside its quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from plana_secrets.errors import MalformedError
from plana_secrets.secret import Secret

_SKIPPED: Final = re.compile(r"[ \t]*(?P<comment>#[^\n]*)?(?:\n|\Z)")
_KEY: Final = re.compile(
    r"[ \t]*(?:export[ \t]+)?(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=(?P<blanks>[ \t]*)"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_REST: Final = re.compile(r"(?:[ \t]+#([^\n]*)|[ \t]*)(?:\n|\Z)")
_LINE: Final = re.compile(r"[^\n]*")
_COMMENT: Final = re.compile(r"[ \t]+#(.*)")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_EXPANDED: Final = re.compile(r"\$[A-Za-z0-9_{(]|`")
_SIMPLE: Final = re.compile(r"[A-Za-z0-9_./:@%+,=^~-]*")
_UNHELD: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_MEANINGS: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "`": "`"}
_SPELLINGS: Final = {meaning: f"\\{letter}" for letter, meaning in _MEANINGS.items()}


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``NAME=value``. ``remarks``: the comments above and beside it, without their ``#``."""

    name: str
    value: Secret
    line: int
    remarks: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Dotenv:
    """Everything in a file; ``rest`` are the comments behind the last assignment."""

    assignments: tuple[Assignment, ...]
    rest: tuple[Secret, ...] = ()


def parse_dotenv(text: str) -> Dotenv:
    """The assignments of a text with line feeds, in their order.

    Raises:
        MalformedError: kind ``bad-dotenv``; fact ``line``. The message quotes no value.
    """
    parser = _Parser(text)
    while parser.position < len(text):
        parser.step()
    return Dotenv(tuple(parser.found.values()), tuple(parser.remarks))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self.position = 0
        self.remarks: list[Secret] = []
        self.found: dict[str, Assignment] = {}

    def step(self) -> None:
        """Read over one line, or over an assignment of several."""
        skipped = _SKIPPED.match(self._text, self.position)
        if skipped is not None:
            if skipped["comment"] is not None:
                self._remark(skipped["comment"][1:])
            self._go_to(skipped.end())
            return
        match = _KEY.match(self._text, self.position)
        if match is None:
            self._refuse("not NAME=value; a name has letters, digits, '_', '.' and '-'")
        name, line = match["key"], self._line
        if name in self.found:
            self._refuse(f"{name} is already set on line {self.found[name].line}")
        value, end = self._value(match.end(), is_blank_before=bool(match["blanks"]))
        self._go_to(end)
        self.found[name] = Assignment(name, Secret.from_text(value), line, tuple(self.remarks))
        self.remarks = []

    def _remark(self, text: str) -> None:
        """It may be a value that was commented out."""
        self.remarks.append(Secret.from_text(text))

    def _go_to(self, end: int) -> None:
        self._line += self._text.count("\n", self.position, end)
        self.position = end

    def _value(self, start: int, *, is_blank_before: bool) -> tuple[str, int]:
        """The value that begins at ``start``, and where the next line does."""
        first = self._text[start : start + 1]
        if first == "'":
            end = self._text.find("'", start + 1)
            if end < 0:
                self._refuse("a quote that is not closed")
            return self._text[start + 1 : end], self._after(end + 1)
        if first == '"':
            match = _DOUBLE.match(self._text, start)
            if match is None:
                self._refuse("a quote that is not closed")
            return self._unescaped(match[1]), self._after(match.end())
        line = _LINE.match(self._text, start)
        assert line is not None  # noqa: S101 - it matches anything
        return self._bare(line[0], is_blank_before=is_blank_before), line.end() + 1

    def _after(self, end: int) -> int:
        rest = _REST.match(self._text, end)
        if rest is None:
            self._refuse("text after the closing quote")
        if rest[1] is not None:
            self._remark(rest[1])
        return rest.end()

    def _unescaped(self, inner: str) -> str:
        for escape in _ESCAPE.finditer(inner):
            if escape[1] not in _MEANINGS:
                self._refuse("a backslash that not every program reads alike; use single quotes")
        if _EXPANDED.search(_ESCAPE.sub("", inner)):
            self._refuse("$ or ` that some programs replace; use single quotes")
        return _ESCAPE.sub(lambda escape: _MEANINGS[escape[1]], inner)

    def _bare(self, line: str, *, is_blank_before: bool) -> str:
        if is_blank_before and line.startswith("#"):
            self._remark(line[1:])
            return ""
        if beside := _COMMENT.search(line):
            self._remark(beside[1])
        value = _COMMENT.sub("", line).rstrip(" \t")
        if _EXPANDED.search(value):
            self._refuse("$ or ` that some programs replace; use single quotes")
        if any(one in value for one in "'\"\\#"):
            self._refuse("a quote, backslash or # in a value without quotes; use single quotes")
        return value

    def _refuse(self, reason: str) -> NoReturn:
        line = self._line
        raise MalformedError(f"line {line}: {reason}", kind="bad-dotenv", line=line)


def name_problem(name: str) -> str | None:
    """Why dotenv cannot hold a name, or None."""
    return None if _NAME.fullmatch(name) else "its name is not one that dotenv can hold"


def value_problem(text: str) -> str | None:
    """Why dotenv cannot hold a value, or None."""
    return "a control character that dotenv cannot hold" if _UNHELD.search(text) else None


def write_assignment(name: str, text: str) -> str:
    """The line, or lines, that ``parse_dotenv`` reads as exactly this; see ``value_problem``."""
    if _SIMPLE.fullmatch(text):
        return f"{name}={text}\n"
    if not any(one in text for one in "'\n\r"):
        return f"{name}='{text}'\n"
    inner = "".join(_SPELLINGS.get(one, one) for one in text)
    return f'{name}="{inner}"\n'


ADVICE: Final = {
    "bad-dotenv": "fix that line; in single quotes every character is taken as it is",
}
