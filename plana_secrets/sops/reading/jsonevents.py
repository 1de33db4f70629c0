"""JSON text as the events that a YAML parser gives, strictly by RFC 8259.

sops reads JSON with a parser of its own: no YAML comes with it, and neither do its types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from plana_secrets.sops.reading.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    MarkedYAMLError,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<sign>[{}\[\],:])
      | (?P<text>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")
      | (?P<plain>(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
        (?![A-Za-z0-9_.+-]))
      | (?P<end>\Z))""",
    re.VERBOSE,
)


_CLOSERS: Final = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text, counted from 0 as the parser of YAML does."""

    index: int
    line: int
    column: int


class JsonEvents:
    """``get_event`` gives the next event, None after the last; it raises what that
    parser raises."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = self._seen = self._line = self._line_start = 0
        self._events = self._read()

    def get_event(self) -> Any:
        return next(self._events, None)

    def _read(self) -> Iterator[Any]:
        start = Mark(0, 0, 0)
        yield StreamStartEvent(start, start)
        yield DocumentStartEvent(start, start)
        yield from self._document()
        self._expect("", "end")
        yield DocumentEndEvent(start, start)
        yield StreamEndEvent(start, start)

    def _document(self) -> Iterator[Any]:
        """One value. The open containers are kept here, so depth costs no call."""
        closers: list[str] = []
        token = self._scan()
        while True:
            if token.kind == "sign" and token.text in _CLOSERS:
                closers.append(_CLOSERS[token.text])
                yield _start(token)
                token = self._scan()
                if not _closes(token, closers):
                    keys, token = self._entry(token, closers[-1])
                    yield from keys
                    continue
                yield _end(closers.pop(), token)
            else:
                yield self._scalar(token)
            while closers:
                token = self._scan()
                if not _closes(token, closers):
                    break
                yield _end(closers.pop(), token)
            else:
                return
            if (token.kind, token.text) != ("sign", ","):
                raise _no_json(token.mark)
            keys, token = self._entry(self._scan(), closers[-1])
            yield from keys

    def _entry(self, token: _Token, closer: str) -> tuple[list[Any], _Token]:
        """The key before a value in a map, none in a list; and where the value begins."""
        if closer == "]":
            return [], token
        if token.kind != "text":
            raise _no_json(token.mark)
        key = self._scalar(token)
        self._expect(":", "sign")
        return [key], self._scan()

    def _scalar(self, token: _Token) -> Any:
        end = Mark(token.mark.index + len(token.text), token.mark.line, token.mark.column)
        if token.kind == "plain":
            return ScalarEvent(None, None, (True, False), token.text, token.mark, end)
        if token.kind != "text":
            raise _no_json(token.mark)
        value = json.loads(token.text)
        if any("\ud800" <= one <= "\udfff" for one in value):
            raise _no_json(token.mark)  # half a character, which Go replaces
        return ScalarEvent(None, None, (False, True), value, token.mark, end, style='"')

    def _expect(self, text: str, kind: str) -> None:
        token = self._scan()
        if (token.kind, token.text) != (kind, text):
            raise _no_json(token.mark)

    def _scan(self) -> _Token:
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            raise _no_json(self._mark(self._position + self._blanks()))
        kind = match.lastgroup or "end"
        mark = self._mark(match.start(kind))
        self._position = match.end()
        return _Token(kind, match[kind], mark)

    def _blanks(self) -> int:
        rest = self._text[self._position : self._position + 10_000]
        return len(rest) - len(rest.lstrip(" \t\r\n"))

    def _mark(self, index: int) -> Mark:
        lines = self._text.count("\n", self._seen, index)
        if lines:
            self._line += lines
            self._line_start = self._text.rfind("\n", self._seen, index) + 1
        self._seen = index
        return Mark(index, self._line, index - self._line_start)


class _Token(NamedTuple):
    kind: str
    text: str
    mark: Mark


def _no_json(mark: Mark) -> Exception:
    error: Exception = MarkedYAMLError(None, None, "not JSON", mark)
    return error


def _closes(token: _Token, closers: list[str]) -> bool:
    return token.kind == "sign" and token.text == closers[-1]


def _start(token: _Token) -> Any:
    kind = MappingStartEvent if token.text == "{" else SequenceStartEvent
    return kind(None, None, True, token.mark, token.mark, flow_style=True)


def _end(closer: str, token: _Token) -> Any:
    kind = MappingEndEvent if closer == "}" else SequenceEndEvent
    return kind(token.mark, token.mark)
