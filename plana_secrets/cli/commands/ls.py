"""``plana-secrets ls``: the secret files, or the paths in one, without decrypting."""

from __future__ import annotations

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.counts import counted
from plana_secrets.errors import PlanaSecretsError

EPILOG = """\b
Examples:
  plana-secrets ls
  plana-secrets ls infra/secrets/dev/example.yaml
"""


@click.command(epilog=EPILOG, short_help="List secret files, or the paths in one.")
@file_argument(required=False)
@click.option("--check", is_flag=True, help="Exit with 1 if no rule matches a file.")
@pass_context
def ls(context: Context, file: str | None, check: bool) -> int:
    """List the secret files with their kind, or the paths in FILE with their types.

    Nothing is decrypted: the names in a secret file are readable.
    """
    from plana_secrets.cli.secretfile import warn_if_pending

    warn_if_pending(context)
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


def _list_paths(context: Context, file: str) -> int:
    from plana_secrets.cli.secretfile import find_file, read_sound_structure
    from plana_secrets.document.kinds import kind_of
    from plana_secrets.paths import format_path
    from plana_secrets.sops.model import Empty, Leaf, Selector

    name = find_file(context, file)
    structure = read_sound_structure(context, name)
    rows = [
        {
            "path": format_path(item.path),
            "type": str(item.type) if isinstance(item, Leaf) else item.container,
            "encrypted": isinstance(item, Leaf) and item.token is not None,
        }
        for item in structure.items
        if isinstance(item, (Leaf, Empty))
    ]
    if context.json:
        selector = structure.metadata.selector if structure.metadata else Selector()
        facts = {"file": name, "kind": str(kind_of(selector)), "paths": rows}
        context.output.json_object("ls", facts)
    else:
        cells = [
            (str(row["path"]), str(row["type"]), "" if row["encrypted"] else "readable")
            for row in rows
        ]
        context.output.table(cells, header=("path", "type", ""))
    return 0
