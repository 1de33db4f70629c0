"""``plana-secrets ls``: the secret files, or the paths in one, without decrypting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.counts import counted
from plana_secrets.errors import FailedError, PlanaSecretsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plana_secrets.sops.model import Structure

EPILOG = """\b
Examples:
  plana-secrets ls
  plana-secrets ls infra/secrets/dev/example.yaml
  plana-secrets ls --path '*password*'
"""


@click.command(epilog=EPILOG, short_help="List secret files, or the paths in one.")
@file_argument(required=False)
@click.option(
    "--path",
    "pattern",
    metavar="PATTERN",
    help="List the paths in all files (or in FILE) that match; * is any text, ? one character.",
)
@click.option("--check", is_flag=True, help="Exit with 1 if no rule matches a file.")
@pass_context
def ls(context: Context, file: str | None, pattern: str | None, check: bool) -> int:
    """List the secret files with their kind, or the paths in FILE with their types.

    Nothing is decrypted: the names in a secret file are readable.
    """
    from plana_secrets.cli.secretfile import warn_if_pending

    warn_if_pending(context)
    if pattern is not None:
        return _list_matches(context, file, pattern)
    if file is not None:
        return _list_paths(context, file)
    return _list_files(context, check=check)


def _list_files(context: Context, *, check: bool) -> int:
    from plana_secrets.secretfiles.snapshot import work_tree

    snapshot = work_tree(context.workspace)
    rows = [_describe(context, name) for name in snapshot.secret_files]
    if context.json:
        context.output.json_object("ls", {"files": rows})
    else:
        cells = [(row["file"] or "", row["kind"] or "-", row["problem"] or "") for row in rows]
        context.output.table(cells, header=("file", "kind", "problem"))
    if snapshot.absent:
        number = counted(len(snapshot.absent), "secret file")
        context.output.talk(f"{number} not in this sparse checkout")
    return int(check and any(row["problem"] for row in rows))


def _describe(context: Context, file: str) -> dict[str, str | None]:
    from plana_secrets.document.kinds import kind_of
    from plana_secrets.secretfiles.open import check_sound, read_structure_of

    kind = problem = None
    try:
        kind = str(kind_of(context.workspace.rule_for(file).selector))
        check_sound(read_structure_of(context.workspace, file), file)
    except PlanaSecretsError as error:
        problem = error.message.removeprefix(f"{file}: ")
    return {"file": file, "kind": kind, "problem": problem}


def _list_matches(context: Context, file: str | None, pattern: str) -> int:
    """The paths that match, file by file; a file that cannot be read is named."""
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.secretfiles.snapshot import work_tree

    snapshot = work_tree(context.workspace)
    files = [find_file(context, file)] if file is not None else snapshot.secret_files
    rows: list[dict[str, object]] = []
    for name, content in snapshot.contents(files):
        try:
            rows += _matches(name, content, pattern)
        except PlanaSecretsError as error:
            context.output.warn(f"{name}: {error.message.removeprefix(f'{name}: ')}")
    if not rows:
        raise UsageError(f"no path matches {pattern}", kind="no-match")
    rows.sort(key=lambda row: str(row["file"]))
    if context.json:
        context.output.json_object("ls", {"matches": rows})
    else:
        context.output.table(
            [(f"{row['file']}#{row['path']}", str(row["type"]), _shown(row)) for row in rows],
            header=("path", "type", ""),
        )
    return 0


def _matches(name: str, content: bytes | FailedError, pattern: str) -> list[dict[str, object]]:
    from fnmatch import fnmatchcase

    from plana_secrets.secretfiles.open import check_sound
    from plana_secrets.sops.formats import format_of
    from plana_secrets.sops.reading.reader import read_structure

    if isinstance(content, FailedError):
        raise content
    structure = read_structure(content, format_of(name))
    check_sound(structure, name)
    rows = [{"file": name, **row} for row in _paths(structure)]
    literal = pattern.replace("[", "[[]")  # as in [0] of a path
    return [row for row in rows if fnmatchcase(str(row["path"]), literal)]


def _shown(row: Mapping[str, object]) -> str:
    return "" if row["encrypted"] else "readable"


def _paths(structure: Structure) -> list[dict[str, object]]:
    from plana_secrets.paths import format_path
    from plana_secrets.sops.model import Empty, Leaf

    return [
        {
            "path": format_path(item.path),
            "type": str(item.type) if isinstance(item, Leaf) else item.container,
            "encrypted": isinstance(item, Leaf) and item.token is not None,
        }
        for item in structure.items
        if isinstance(item, (Leaf, Empty))
    ]


def _list_paths(context: Context, file: str) -> int:
    from plana_secrets.cli.secretfile import find_file, read_sound_structure
    from plana_secrets.document.kinds import kind_of
    from plana_secrets.sops.model import Selector

    name = find_file(context, file)
    structure = read_sound_structure(context, name)
    rows = _paths(structure)
    if context.json:
        selector = structure.metadata.selector if structure.metadata else Selector()
        facts = {"file": name, "kind": str(kind_of(selector)), "paths": rows}
        context.output.json_object("ls", facts)
    else:
        cells = [(str(row["path"]), str(row["type"]), _shown(row)) for row in rows]
        context.output.table(cells, header=("path", "type", ""))
    return 0


ADVICE: Final = {
    "no-match": "put * around it, as in '*password*', or look at all with `plana-secrets ls`",
}
