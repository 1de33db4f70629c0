"""A SOPS file in dotenv to a tree: one value a line, the metadata flattened into keys.

Quotes, ``export`` and interpolation mean nothing to sops: what is before the first ``=``
is the key, what is behind it the value, with ``\\n`` for a line feed.

Sources: ``stores/dotenv/store.go`` and ``stores/flatten.go`` of sops 3.11.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from plana_secrets.sops.reading.comments import Found
from plana_secrets.sops.reading.jsonevents import Mark
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
from plana_secrets.sops.reading.scalars import key_problem

_PREFIX: Final = f"{METADATA_KEY}_"
_STEP: Final = re.compile(r"__(list|map)_")
_DEEPEST: Final = 8
_NO_STRINGS: Final = frozenset({"mac_only_encrypted", "shamir_threshold"})
"""What is no string in the other formats, and is written as one here."""

_Nodes = dict[str | int, "_Nodes | Block"]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What the parts of a tree need of an event."""

    start_mark: Mark
    value: str = ""
    style: str = '"'


def read_dotenv_tree(text: str) -> tuple[Tree, list[Found]]:
    """The tree of a text that ``read_source`` let pass, and its comments."""
    reader = _Reader(text)
    index = 0
    for line, content in enumerate(text.split("\n")):
        if reader.is_full:
            reader.tree.refuse(TOO_MANY, None)
            break
        reader.read(content, Mark(index, line, 0))
        index += len(content) + 1
    if reader.metadata:
        _add_metadata(reader.tree, reader.metadata)
    return reader.tree, reader.comments


class _Reader:
    """Line after line."""

    def __init__(self, text: str) -> None:
        self.tree = Tree(text)
        self.tree.spans = None  # only whole lines are comments
        self.comments: list[Found] = []
        self.metadata: dict[str, Block] = {}
        self._root = Container(None, (), _Piece(Mark(0, 0, 0)), is_list=False)
        self.tree.containers.append(self._root)
        self._seen: set[str] = set()
        self._lines = 0

    @property
    def is_full(self) -> bool:
        return self._lines > MOST_ENTRIES

    def read(self, content: str, mark: Mark) -> None:
        line = mark.line + 1
        self._lines += bool(content)
        key, equals, value = content.partition("=")
        if content.startswith("#"):
            found = Found(mark.index, line, content[1:], [self._root], 1, in_block=False)
            self.comments.append(found)
        elif equals and self._is_new(key, line):
            self._entry(key, _Piece(mark, value.replace("\\n", "\n")))
        elif content and not equals:
            self.tree.refuse("a line without `=`", line)

    def _entry(self, key: str, piece: _Piece) -> None:
        if key.startswith(_PREFIX):
            block = Block(piece.value, plain=False, line=piece.start_mark.line + 1)
            self.metadata[key.removeprefix(_PREFIX)] = block
        else:
            self._root.count += 1
            self.tree.scalars.append(Scalar(self._root, key, piece))

    def _is_new(self, key: str, line: int) -> bool:
        problem = key_problem(key, plain=False)
        if problem is not None:
            message = "a key that is empty, or contains a colon or a character that does not print"
            self.tree.refuse(message, line, None, problem)
        elif key in self._seen:
            self.tree.refuse("a duplicate key", line, (key,))
            return False
        self._seen.add(key)
        return True


def _add_metadata(tree: Tree, flat: dict[str, Block]) -> None:
    tree.block_line = min(block.line for block in flat.values())
    root: _Nodes = {}
    for key, block in flat.items():
        block.plain = key in _NO_STRINGS
        if not _place(root, key, block):
            message = "metadata: an entry that sops does not write"
            tree.refuse(message, block.line, (METADATA_KEY,), "metadata")
    tree.metadata = _node_of(root, tree)


def _place(root: _Nodes, key: str, block: Block) -> bool:
    """Put a value at the place that its key spells; whether there is one."""
    first, *rest = _STEP.split(key)
    steps: list[str | int] = [first]
    for kind, step in zip(rest[::2], rest[1::2], strict=True):
        if kind == "list" and not (step.isascii() and step.isdigit() and len(step) < 5):
            return False
        steps.append(int(step) if kind == "list" else step)
    if len(steps) > _DEEPEST:
        return False
    node = root
    for step in steps[:-1]:
        below = node.setdefault(step, {})
        if isinstance(below, Block):
            return False
        node = below
    return node.setdefault(steps[-1], block) is block


def _node_of(node: _Nodes | Block, tree: Tree) -> BlockNode:
    if isinstance(node, Block):
        return node
    parts = {step: _node_of(one, tree) for step, one in node.items()}
    line = min((part.line for part in parts.values()), default=tree.block_line)
    result: BlockNode
    if all(isinstance(step, int) for step in parts):
        result = BlockList(part for _, part in sorted(parts.items(), key=lambda one: one[0]))
        if sorted(parts, key=int) != list(range(len(parts))):
            tree.refuse("metadata: a list with gaps", line, (METADATA_KEY,), "metadata")
    else:
        result = BlockMap({str(step): part for step, part in parts.items()})
    result.line = line
    return result
