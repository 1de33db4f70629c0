"""A small YAML file that is not a secret file as a tree of its raw scalars, with lines.

For ``.sops.yaml``: nothing is constructed and no type is guessed, a scalar is the text
that is there. Anchors, aliases and merge keys are followed, because many people
keep their recipients in anchors; duplicate keys are refused, as sops refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from plana_secrets import limits
from plana_secrets.errors import MalformedError

_DEEPEST: Final = 40
_MOST_NODES: Final = 20_000
"""With every alias counted as what it refers to, and a long text as several."""
_LONG_TEXT: Final = 50


@dataclass(slots=True)
class Scalar:
    """``plain``: written without quotes, so that ``null`` and ``~`` mean nothing at all."""

    text: str
    line: int
    plain: bool = False

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(slots=True)
class Sequence:
    """A list, in its order."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """``key_lines``: where each key is."""

    line: int
    entries: dict[str, Node] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


def read_tree(content: bytes) -> Node | None:
    """The one document of a YAML file, or None for an empty file.

    Raises:
        MalformedError: kind ``bad-yaml``; the message names the line and no content.
    """
    if len(content) > limits.RULES_FILE:
        message = f"larger than {limits.in_words(limits.RULES_FILE)}"
        raise MalformedError(message, kind="bad-yaml", line=1)
    return _Builder(content).document()


class _Builder:
    def __init__(self, content: bytes) -> None:
        from plana_secrets.sops.reading.events import event_parser  # loaded on first use

        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        try:
            self._parser = event_parser(content)
        except Exception:  # noqa: BLE001 - its texts quote the file
            raise _bad("not UTF-8 YAML", 1) from None

    def _next(self) -> Any:
        try:
            return self._parser.get_event()
        except Exception as error:  # noqa: BLE001 - its texts quote the file
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark is not None else 1
            raise _bad("not valid YAML", line) from None

    def document(self) -> Node | None:
        self._next()
        event = self._next()
        if _name(event) == "StreamEndEvent":
            return None
        node = self._node(self._next(), 0)
        self._next()
        if _name(event := self._next()) != "StreamEndEvent":
            raise _bad("more than one document", _line(event))
        return node

    def _node(self, event: Any, depth: int) -> Node:
        if depth > _DEEPEST:
            raise _bad("nested too deeply", _line(event))
        kind = _name(event)
        if kind == "AliasEvent":
            return self._aliased(event)
        before = self._nodes
        self._count(1, event)
        node = self._fresh(event, kind, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node, self._nodes - before
        return node

    def _aliased(self, event: Any) -> Node:
        try:
            node, size = self._anchors[event.anchor]
        except KeyError:
            raise _bad("an alias before its anchor", _line(event)) from None
        self._count(size, event)
        return node

    def _count(self, nodes: int, event: Any) -> None:
        """Refuse a small file in which aliases of aliases expand to a large one."""
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise _bad(f"more than {_MOST_NODES} entries, aliases included", _line(event))

    def _fresh(self, event: Any, kind: str, depth: int) -> Node:
        if kind == "ScalarEvent":
            self._count(len(event.value) // _LONG_TEXT, event)
            return Scalar(event.value, _line(event), plain=event.style in {None, ""})
        if kind == "SequenceStartEvent":
            sequence = Sequence(_line(event))
            while _name(inner := self._next()) != "SequenceEndEvent":
                sequence.items.append(self._node(inner, depth + 1))
            return sequence
        return self._mapping(event, depth)

    def _mapping(self, event: Any, depth: int) -> Mapping:
        mapping = Mapping(_line(event))
        merged: list[Node] = []
        while _name(inner := self._next()) != "MappingEndEvent":
            key = self._node(inner, depth + 1)
            value = self._node(self._next(), depth + 1)
            if not isinstance(key, Scalar):
                raise _bad("a key that is not a string", _line(inner))
            if key.plain and key.text == "<<":
                merged.append(value)
            elif key.text in mapping.entries:
                raise _bad("a duplicate key", _line(inner))
            else:
                mapping.entries[key.text] = value
                mapping.key_lines[key.text] = _line(inner)
        for node in merged:
            _merge(mapping, node)
        return mapping


def _merge(mapping: Mapping, node: Node) -> None:
    for source in node.items if isinstance(node, Sequence) else [node]:
        if not isinstance(source, Mapping):
            raise _bad("a merge of something that is not a map", source.line)
        for key, value in source.entries.items():
            mapping.entries.setdefault(key, value)
            mapping.key_lines.setdefault(key, source.key_lines[key])


def _name(event: Any) -> str:
    return type(event).__name__


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _bad(what: str, line: int) -> MalformedError:
    return MalformedError(f"line {line}: {what}", kind="bad-yaml", line=line)


ADVICE: Final = {
    "bad-yaml": "fix that line",
}
