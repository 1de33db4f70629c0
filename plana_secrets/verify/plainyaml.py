"""Any YAML or JSON of other people as a tree: how a tool that applies it would read it.

The reader of SOPS files refuses what a secret file must not hold. A file that is meant to
be readable may be written in any way, so here flow style, quotes, anchors, aliases, merge
keys, several documents, a byte order mark and UTF-16 mean what they mean. What is read is
bounded; an alias is the node that it names and is never copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from plana_secrets.errors import MalformedError
from plana_secrets.sops.reading.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    YAMLError,
    event_parser,
)


class TooMuchYamlError(MalformedError):
    """It was not read to its end: it may be YAML all the same."""


LARGEST: Final = 2 << 20
MOST_NODES: Final = 50_000
DEEPEST: Final = 64
_MERGE: Final = "<<"
_MOST_MERGED: Final = 8


@dataclass(slots=True, eq=False)
class Map:
    """Entries in their order; a key that is no text is left out, its value is kept."""

    line: int
    entries: list[tuple[str, Node]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of ``key``: the last own one, else the first of a merge key."""
        for one in self._lineage():
            for name, value in reversed(one.entries):
                if name == key:
                    return value
        return None

    def _lineage(self) -> list[Map]:
        """The map and what its merge keys bring in, as far as anyone goes with them."""
        found: list[Map] = [self]
        for one in found:
            for name, value in one.entries:
                if name == _MERGE:
                    nodes = value.nodes[:_MOST_MERGED] if isinstance(value, Sequence) else [value]
                    found.extend(n for n in nodes if isinstance(n, Map) and n not in found)
            if len(found) > _MOST_MERGED:
                break
        return found

    @property
    def nodes(self) -> list[Node]:
        return [value for _, value in self.entries]


@dataclass(slots=True, eq=False)
class Sequence:
    """A list."""

    line: int
    nodes: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Text:
    """A scalar, whatever its type."""

    line: int
    text: str

    @property
    def nodes(self) -> list[Node]:
        return []


Node = Map | Sequence | Text
_Some = TypeVar("_Some", Map, Sequence, Text)


def read_documents(content: bytes | str) -> list[Node]:
    """The documents of a stream.

    Raises:
        MalformedError: it is not YAML (kind ``not-yaml``). The message names a line, never
            what is there.
        TooMuchYamlError: it is larger or deeper than most people write (the same kind).
    """
    if len(content) > LARGEST:
        raise _bad(f"larger than {LARGEST >> 20} MiB", None, TooMuchYamlError)
    try:
        return _Reader(content).documents()
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _bad("not YAML", mark.line + 1 if mark else None) from None
    except (UnicodeError, RecursionError):
        raise _bad("not YAML", None) from None


def walk(documents: list[Node]) -> Iterator[Node]:
    """Every node once, however many aliases name it."""
    seen: set[int] = set()
    waiting = list(reversed(documents))
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(reversed(node.nodes))


def text_of(node: Map, key: str) -> str:
    """The text of an entry; empty where there is none."""
    value = node.get(key)
    return value.text if isinstance(value, Text) else ""


def map_of(node: Map, key: str) -> Map:
    """The map of an entry; an empty one where there is none."""
    value = node.get(key)
    return value if isinstance(value, Map) else Map(node.line)


def nodes_of(node: Map, key: str) -> list[Node]:
    """What is in the list of an entry; nothing where there is none."""
    value = node.get(key)
    return list(value.nodes) if isinstance(value, Sequence) else []


def _bad(
    what: str, line: int | None, error: type[MalformedError] = MalformedError
) -> MalformedError:
    place = f" (line {line})" if line else ""
    return error(f"{what}{place}", kind="not-yaml", line=line)


class _Reader:
    def __init__(self, content: bytes | str) -> None:
        self._next = event_parser(content).get_event
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def documents(self) -> list[Node]:
        found: list[Node] = []
        while (event := self._next()) is not None:
            if isinstance(event, DocumentStartEvent):
                self._anchors = {}
                found.append(self._node(self._next(), 0))
        return found

    def _node(self, event: Any, depth: int) -> Node:
        line = event.start_mark.line + 1
        self._count += 1
        if self._count > MOST_NODES or depth > DEEPEST:
            raise _bad("too much or too deeply nested YAML", line, TooMuchYamlError)
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                raise _bad("an alias without an anchor", line)
            return self._anchors[event.anchor]
        if isinstance(event, ScalarEvent):
            return self._named(event, Text(line, event.value))
        if isinstance(event, MappingStartEvent):
            return self._map(self._named(event, Map(line)), depth)
        return self._list(self._named(event, Sequence(line)), depth)

    def _named(self, event: Any, node: _Some) -> _Some:
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _map(self, node: Map, depth: int) -> Map:
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._node(event, depth + 1)
            name = key.text if isinstance(key, Text) else ""
            node.entries.append((name, self._node(self._next(), depth + 1)))
        return node

    def _list(self, node: Sequence, depth: int) -> Sequence:
        while not isinstance(event := self._next(), SequenceEndEvent):
            node.nodes.append(self._node(event, depth + 1))
        return node


ADVICE: Final = {
    "not-yaml": "fix that line",
}
