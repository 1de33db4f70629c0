"""What a text is taken apart into: containers, scalars and the metadata block.

Plain classes with slots and hardly any behaviour; thousands of them are created for
every file that is read.
"""

from __future__ import annotations

from typing import Any, Final

from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Defect, Severity

MOST_ENTRIES: Final = 5000
TOO_MANY: Final = f"more than {MOST_ENTRIES} entries"
TOO_MANY_WITH_COMMENTS: Final = f"{TOO_MANY} and comments"
METADATA_KEY: Final = "sops"


class Container:
    """A map or a list. ``start`` and ``end`` are positions in the text."""

    __slots__ = (
        "column",
        "count",
        "depth",
        "end",
        "hit",
        "is_list",
        "line",
        "parent",
        "path",
        "start",
    )

    def __init__(
        self, parent: Container | None, path: LeafPath, event: Any, *, is_list: bool
    ) -> None:
        mark = event.start_mark
        self.parent = parent
        self.path = path
        self.start: int = mark.index
        self.end: int = mark.index
        self.line: int = mark.line + 1
        self.column: int = mark.column
        self.is_list = is_list
        self.depth: int = parent.depth + 1 if parent else 0
        self.count = 0
        self.hit = False


class Scalar:
    """A scalar in the place of a value. ``step`` is None for a comment in a list."""

    __slots__ = ("container", "line", "plain", "start", "step", "value")

    def __init__(self, container: Container, step: str | int | None, event: Any) -> None:
        mark = event.start_mark
        self.container = container
        self.step = step
        self.value: str = event.value
        self.plain: bool = not event.style
        self.line: int = mark.line + 1
        self.start: int = mark.index


class Block:
    """A scalar of the metadata block."""

    __slots__ = ("line", "plain", "value")

    def __init__(self, value: str, *, plain: bool, line: int) -> None:
        self.value = value
        self.plain = plain
        self.line = line


class BlockMap(dict[str, "BlockNode"]):
    """A map of the metadata block."""

    line = 0


class BlockList(list["BlockNode"]):
    """A list of the metadata block."""

    line = 0


BlockNode = Block | BlockMap | BlockList


class Tree:
    """What the events of one file say. ``spans`` only where there is a tab or a ``#``."""

    __slots__ = (
        "block",
        "block_line",
        "containers",
        "defects",
        "metadata",
        "scalars",
        "spans",
        "text",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.scalars: list[Scalar | Container] = []
        self.containers: list[Container] = []
        self.block: Container | None = None
        self.metadata: BlockNode | None = None
        self.block_line = 0
        self.defects: list[Defect] = []
        self.spans: list[tuple[int, int, str]] | None = [] if "#" in text or "\t" in text else None

    def refuse(
        self, message: str, line: int | None, path: LeafPath | None = None, check: str = "yaml"
    ) -> None:
        self.defects.append(Defect(check, Severity.ERROR, message, line, path))
