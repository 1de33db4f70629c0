"""YAML events to a flat tree: every scalar and empty container, with the place of each.

Nothing is constructed and nothing is resolved here. What a secret file must not hold
(tags, anchors, aliases, directives, a second document, keys that are not plain text,
more depth or more entries than anybody needs) becomes a defect, and reading goes on
where it can.
"""

from __future__ import annotations

from typing import Any, Final

from plana_secrets.paths import LeafPath
from plana_secrets.sops.reading.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    EventParser,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    YAMLError,
    event_parser,
)
from plana_secrets.sops.reading.parts import (
    METADATA_KEY,
    MOST_ENTRIES,
    TOO_MANY,
    Block,
    BlockList,
    BlockMap,
    BlockNode,
    Container,
    Scalar,
    Tree,
)
from plana_secrets.sops.reading.plainblock import find_plain_block
from plana_secrets.sops.reading.scalars import key_problem
from plana_secrets.sops.reading.source import SEVERAL

DEEPEST: Final = 32
TOO_DEEP: Final = f"deeper than {DEEPEST} levels"
_ENCRYPTED_COMMENT: Final = ",type:comment]"


class _StopError(Exception):
    """The file went over a limit, or ended."""


def read_tree(text: str) -> Tree:
    """The tree of a text that ``read_source`` let pass."""
    return _read_short(text) or _read(Tree(text), text).tree


def read_events(tree: Tree, parser: EventParser, language: str) -> None:
    """Fill ``tree`` from another parser; ``language`` is what the text should have been."""
    _read(tree, tree.text, parser, language)


def _read_short(text: str) -> Tree | None:
    """The tree of a file in sops's own form: the parser sees only what is before the metadata.

    None wherever the two together might mean something else to a parser.
    """
    if any(character in text for character in _SPECIAL):
        return None
    found = find_plain_block(text)
    if found is None:
        return None
    end, line, block = found
    reader = _read(Tree(text), text[:end])
    tree = reader.tree
    if tree.defects or tree.metadata is not None or not reader.goes_on:
        return None
    tree.metadata, tree.block_line = block, line
    return tree


def _read(
    tree: Tree, text: str, parser: EventParser | None = None, language: str = "YAML"
) -> _Reader:
    reader = _Reader(tree, text, parser or event_parser(text))
    try:
        reader.stream()
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (column {mark.column + 1})" if mark else ""
        tree.refuse(f"not {language}{place}", mark.line + 1 if mark else None)
    except _StopError:
        pass
    return reader


class _Reader:
    """Recursive descent over the events; depth is bounded before it recurses."""

    goes_on = False
    """Whether a further line without indentation would be one more entry of the top map."""

    def __init__(self, tree: Tree, text: str, parser: EventParser) -> None:
        self.tree = self._tree = tree
        self._text = text
        self._next = parser.get_event
        self._entries = 0
        # Most files hold none of these characters, and then no node needs a look.
        self._watch = tree.spans is not None or "!" in tree.text or "&" in tree.text

    def stream(self) -> None:
        self._next()
        start = self._next()
        if type(start) is not DocumentStartEvent:
            self._tree.refuse("no document in it", 1)
            return
        if start.version is not None or start.tags is not None:
            self._tree.refuse("a directive", start.start_mark.line + 1)
        root = self._next()
        if type(root) is not MappingStartEvent:
            self._tree.refuse("the top level must be a map", root.start_mark.line + 1)
            return
        self._map(self._open(root, None, (), is_list=False))
        end = self._next()
        self.goes_on = not (root.flow_style or root.start_mark.column or end.explicit)
        more = self._next()
        if type(end) is DocumentEndEvent and type(more) is DocumentStartEvent:
            self._tree.refuse(SEVERAL, more.start_mark.line + 1)

    def _open(
        self, event: Any, parent: Container | None, path: LeafPath, *, is_list: bool
    ) -> Container:
        if len(path) > DEEPEST:
            self._tree.refuse(TOO_DEEP, event.start_mark.line + 1)
            raise _StopError
        if self._watch:
            self._check_plain_node(event)
        self._count()
        container = Container(parent, path, event, is_list=is_list)
        self._tree.containers.append(container)
        return container

    def _map(self, container: Container) -> None:
        seen: set[str] = set()
        path = container.path
        while True:
            event = self._next()
            if type(event) is MappingEndEvent:
                break
            key = self._key(event, path, seen)
            if key == METADATA_KEY and not path:
                self._metadata(event)
                continue
            container.count += 1
            value = self._next()
            if type(value) is ScalarEvent:
                self._scalar(container, key, value)
            else:
                self._value(container, key, value)
        self._close(container, event)

    def _list(self, container: Container) -> None:
        while True:
            event = self._next()
            kind = type(event)
            if kind is SequenceEndEvent:
                break
            if kind is ScalarEvent and event.value.endswith(_ENCRYPTED_COMMENT):
                self._scalar(container, None, event)
                continue
            step = container.count
            container.count += 1
            self._value(container, step, event)
        self._close(container, event)

    def _close(self, container: Container, event: Any) -> None:
        container.end = event.end_mark.index
        if not container.count:
            self._tree.scalars.append(container)

    def _value(self, container: Container, step: str | int, event: Any) -> None:
        kind = type(event)
        if kind is ScalarEvent:
            self._scalar(container, step, event)
        elif kind is MappingStartEvent:
            path = (*container.path, step)
            self._map(self._open(event, container, path, is_list=False))
        elif kind is SequenceStartEvent:
            path = (*container.path, step)
            self._list(self._open(event, container, path, is_list=True))
        else:
            self._alias(event)

    def _scalar(self, container: Container, step: str | int | None, event: Any) -> None:
        self._tree.scalars.append(Scalar(container, step, event))
        if self._watch:
            self._check_plain_node(event)
        self._count()

    def _count(self) -> None:
        self._entries += 1
        if self._entries > MOST_ENTRIES:
            self._tree.refuse(TOO_MANY, None)
            raise _StopError

    def _check_plain_node(self, event: Any) -> None:
        """No tag and no anchor; both are at the start of a node, in the source too."""
        start = event.start_mark.index
        if self._text[start : start + 1] in _PROPERTY:
            self._tree.refuse("a tag or an anchor", event.start_mark.line + 1)
        if self._tree.spans is not None and type(event) is ScalarEvent:
            self._tree.spans.append((start, event.end_mark.index, event.style))

    def _key(self, event: Any, path: LeafPath, seen: set[str]) -> str:
        """The text of a key; an empty one for what is no key."""
        if type(event) is not ScalarEvent:
            self._tree.refuse("a key that is not a string", event.start_mark.line + 1, path or None)
            self._skip(event)
            return ""
        if self._watch:
            self._check_plain_node(event)
        key: str = event.value
        problem = key_problem(key, plain=not event.style)
        if problem is not None:
            self._bad_key(problem, event, path)
        elif key in seen:
            self._tree.refuse("a duplicate key", event.start_mark.line + 1, (*path, key))
        seen.add(key)
        return key

    def _bad_key(self, problem: str, event: Any, path: LeafPath) -> None:
        line = event.start_mark.line + 1
        if problem == "yaml":
            self._tree.refuse("a key that is not a string; quote it", line, (*path, event.value))
        else:
            message = "a key that is empty, or contains a colon or a character that does not print"
            self._tree.refuse(message, line, (*path, event.value), problem)

    def _alias(self, event: Any) -> None:
        self._tree.refuse("an alias", event.start_mark.line + 1)

    def _skip(self, event: Any) -> None:
        """Read over a node whose first event is ``event``."""
        depth = 0
        while True:
            kind = type(event)
            if kind in _STARTS:
                depth += 1
            elif kind in _ENDS:
                depth -= 1
            self._count()
            if depth == 0:
                return
            event = self._next()

    def _metadata(self, key: Any) -> None:
        event = self._next()
        tree = self._tree
        tree.block_line = key.start_mark.line + 1
        block = Container(None, (METADATA_KEY,), key, is_list=False)
        tree.metadata = self._block(event, 1)
        block.end = self._last_end
        tree.block = block

    _last_end = 0

    def _block(self, event: Any, depth: int) -> BlockNode:
        if depth > DEEPEST:
            self._tree.refuse(TOO_DEEP, event.start_mark.line + 1)
            raise _StopError
        if self._watch:
            self._check_plain_node(event)
        kind = type(event)
        if kind is ScalarEvent:
            self._last_end = event.end_mark.index
            self._count()
            line = event.start_mark.line + 1
            return Block(event.value, plain=not event.style, line=line)
        if kind is MappingStartEvent:
            return self._block_map(event, depth)
        if kind is SequenceStartEvent:
            return self._block_list(event, depth)
        self._alias(event)
        raise _StopError

    def _block_map(self, start: Any, depth: int) -> BlockMap:
        result = BlockMap()
        result.line = start.start_mark.line + 1
        seen: set[str] = set()
        while type(event := self._next()) is not MappingEndEvent:
            key = self._key(event, (METADATA_KEY,), seen)
            result[key] = self._block(self._next(), depth + 1)
        return result

    def _block_list(self, start: Any, depth: int) -> BlockList:
        result = BlockList()
        result.line = start.start_mark.line + 1
        while type(event := self._next()) is not SequenceEndEvent:
            result.append(self._block(event, depth + 1))
            self._count()
        return result


_SPECIAL: Final = ("#", "\t", "!", "&")
"""Comments, tabs and node properties: rare, and then the parser reads the whole file."""
_PROPERTY: Final = frozenset("!&")
_STARTS: Final = (MappingStartEvent, SequenceStartEvent)
_ENDS: Final = (MappingEndEvent, SequenceEndEvent)
