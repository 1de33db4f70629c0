"""Patches of a kustomization, or of Flux, that give a Secret a value.

A patch is a text that is YAML itself: an object that is laid over another, or a list of
operations. Which object it changes is said by its own `kind`, or by the `target` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.document.kinds import ENTRIES
from plana_secrets.errors import MalformedError
from plana_secrets.verify.plainyaml import Map, Node, Sequence, Text, read_documents

_WRITES: Final = frozenset({"add", "replace"})
_MOST: Final = 1000


class Patches:
    """The patches of one file. Each is read once: many entries may have one text by an alias."""

    def __init__(self) -> None:
        self._read: dict[int, Text] = {}

    def documents(self, node: Map) -> list[Node]:
        """What the patch of ``node`` says; nothing where it has none, or none that is YAML."""
        patch = node.get("patch")
        if not isinstance(patch, Text) or id(patch) in self._read or len(self._read) >= _MOST:
            return []
        self._read[id(patch)] = patch
        try:
            return read_documents(patch.text)
        except MalformedError:
            return []


def written_values(entry: Map, documents: list[Node]) -> Iterator[Node]:
    """What the patch of ``entry`` writes to a Secret, as far as its kind is not said in it."""
    target = entry.get("target")
    kind = target.get("kind") if isinstance(target, Map) else None
    names = ENTRIES if isinstance(kind, Text) and "Secret" in kind.text else ("stringData",)
    for document in documents:
        if isinstance(document, Map) and names is ENTRIES:
            yield from _entries(document)
        elif isinstance(document, Sequence):
            yield from _operations(document, names)


def _entries(document: Map) -> Iterator[Node]:
    for name in ENTRIES:
        data = document.get(name)
        yield from data.nodes if isinstance(data, Map) else ()


def _operations(document: Sequence, names: tuple[str, ...]) -> Iterator[Node]:
    """The values of operations on the data of an object; `stringData` only a Secret has."""
    for one in document.nodes:
        if not isinstance(one, Map):
            continue
        operation, path, value = (one.get(name) for name in ("op", "path", "value"))
        if isinstance(operation, Text) and isinstance(path, Text) and operation.text in _WRITES:
            first = path.text.lstrip("/").partition("/")[0]
            if first in names and value is not None:
                yield from value.nodes if isinstance(value, Map) else (value,)
