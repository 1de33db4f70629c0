"""``plana-secrets unset``: remove a value, or a map or list with all that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import file_argument, path_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option

if TYPE_CHECKING:
    from plana_secrets.paths import LeafPath

EPILOG = """\b
Examples:
  plana-secrets unset infra/secrets/dev/example.yaml db.password
  plana-secrets unset infra/secrets/dev/example.yaml db --yes
"""


@click.command(epilog=EPILOG, short_help="Remove one value.")
@file_argument()
@path_argument(required=False)
@click.option("--yes", "-y", is_flag=True, help="Remove several values without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def unset(context: Context, file: str, path: str | None, yes: bool, dry_run: bool) -> None:
    """Remove PATH from FILE. If it contains several values, ask first.

    If this empties a map or list, that is removed too. The file is kept, and in a
    Secret one of data and stringData.
    """
    from plana_secrets.cli.secretfile import find_leaf
    from plana_secrets.paths import format_path

    name, steps = find_leaf(context, file, path)
    steps, doomed, widest = _find_doomed(context, name, steps)
    if len(doomed) > 1 and not yes and not dry_run:
        from plana_secrets.cli.terminal import confirm

        context.output.talk("\n".join(f"  {name}#{one}" for one in doomed))
        confirm(context, f"remove these {len(doomed)} values?", instead="pass --yes")
    _write(context, name, steps, dry_run=dry_run)
    spelled = format_path(steps)
    along = format_path(widest) if widest != steps else None
    if context.json:
        facts = {"file": name, "path": spelled, "removed": doomed, "emptied": along}
        context.output.json_object("unset", {**facts, "dry_run": dry_run})
    else:
        what = "would be removed" if dry_run else "is removed"
        rest = f", and {along}, which is now empty" if along else ""
        context.output.talk(f"{name}#{spelled} {what}{rest}")


def _find_doomed(
    context: Context, file: str, path: LeafPath
) -> tuple[LeafPath, list[str], LeafPath]:
    """What is meant, the paths that would go, read without a key, and the widest that would."""
    from plana_secrets.cli.secretfile import find_meant, no_such_path, read_structure_to_change
    from plana_secrets.document.edits import widest_removal
    from plana_secrets.paths import format_path
    from plana_secrets.sops.model import Comment

    items = read_structure_to_change(context, file, path).items
    path = find_meant(context, file, path, items)
    doomed = [
        format_path(item.path)
        for item in items
        if item.path[: len(path)] == path and not isinstance(item, Comment)
    ]
    if not doomed:
        raise no_such_path(items, file, path)
    return path, doomed, widest_removal(items, path, context.workspace.rule_for(file).selector)


def _write(context: Context, file: str, path: LeafPath, *, dry_run: bool) -> None:
    from plana_secrets.cli.secretfile import stage_here, tell_readable
    from plana_secrets.document.edits import Unset
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    if dry_run:
        stage_here(context, file, [Unset(path)])
        return
    with writing(context.workspace, "unset"):
        staged, readable, comments = stage_here(context, file, [Unset(path)])
        write_files(context.workspace, [staged], operation="unset")
    tell_readable(context, readable, comments)
