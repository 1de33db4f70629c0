"""The leaf that a person means by a path. Pure.

A dot in a key (``tls.key``) reads as a step down. Where only one reading is possible it
is taken: the entries of a Secret are flat, and a key that is there is meant.
"""

from __future__ import annotations

from collections.abc import Sequence

from plana_secrets.document.kinds import ENTRIES, FileKind
from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Comment, Item


def meant_path(path: LeafPath, items: Sequence[Item], kind: FileKind) -> LeafPath:
    """``path``, or the only other reading of its dots; ``path`` where there are several."""
    if _is_there(path, items):
        return path
    if kind is FileKind.SECRET_MANIFEST and path[0] in ENTRIES:
        return (path[0], _joined(path[1:])) if _has_dots(path[1:]) else path
    found = dotted_twins(path, items)
    return found[0] if len(found) == 1 else path


def dotted_twins(path: LeafPath, items: Sequence[Item]) -> list[LeafPath]:
    """Every other place in the document whose keys, joined with dots, read as ``path``."""
    if not _has_dots(path):
        return []
    wanted = _joined(path)
    places = {
        item.path[:depth]
        for item in items
        if not isinstance(item, Comment)
        for depth in range(1, len(item.path) + 1)
    }
    return sorted(
        (place for place in places if place != path and _spelled_out(place) == wanted), key=str
    )


def _is_there(path: LeafPath, items: Sequence[Item]) -> bool:
    return any(item.path[: len(path)] == path for item in items if not isinstance(item, Comment))


def _has_dots(path: LeafPath) -> bool:
    return len(path) > 1 and all(isinstance(step, str) for step in path)


def _joined(path: LeafPath) -> str:
    return ".".join(str(step) for step in path)


def _spelled_out(path: LeafPath) -> str | None:
    return _joined(path) if all(isinstance(step, str) for step in path) else None
