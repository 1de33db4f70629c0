"""One change of one file, as a command makes it."""

from __future__ import annotations

from collections.abc import Callable

from plana_secrets.document.edits import Edit, SetLeaf
from plana_secrets.paths import format_path, parse_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import stage_edits, write_files, writing
from plana_secrets.sops.model import LeafType

Snapshot = Callable[[], dict[str, bytes]]


def put(path: str, value: str = "new-value", leaf_type: LeafType = LeafType.STR) -> SetLeaf:
    return SetLeaf(parse_path(path), Secret.from_text(value), leaf_type)


def change(workspace: Workspace, file: str, *edits: Edit, **options: bool) -> tuple[str, ...]:
    with writing(workspace, "test"):
        staged = stage_edits(workspace, file, edits, **options)
        write_files(workspace, [staged], operation="test")
    return tuple(format_path(path) for path in staged.changed_paths)
