"""``plana-secrets mv``: a secret file, or one value, at another place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.secretfile import warn_of_ignored
from plana_secrets.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from plana_secrets.secretfiles.editing.moving import Move

_EPILOG = """\b
Examples:
  plana-secrets mv infra/secrets/dev/mail.yaml infra/secrets/prod/mail.yaml
  plana-secrets mv infra/secrets/dev/app.yaml#smtp.password infra/secrets/dev/mail.yaml#password
"""


@click.command(epilog=_EPILOG, short_help="Move a secret file, or one value.")
@click.argument("source", metavar="SOURCE", shell_complete=complete_file)
@click.argument("target", metavar="TARGET", shell_complete=complete_file)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def mv(context: Context, source: str, target: str, dry_run: bool) -> None:
    """Move FILE, or the value at FILE#PATH, to TARGET, and encrypt it by the rule for TARGET.

    Both places are written, or none. A value that keeps its path can be moved to a FILE. A value
    that a keyset renders cannot be moved: change the settings of the keyset.
    """
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    if dry_run:
        move, places = _plan(context, source, target)
    else:
        with writing(context.workspace, "mv"):
            move, places = _plan(context, source, target)
            write_files(context.workspace, list(move.staged), operation="mv")
    warn_of_ignored(context, places[1].partition("#")[0])
    if context.json:
        context.output.json_object("mv", _facts(context, move, places, dry_run=dry_run))
    else:
        _tell(context, move, places, dry_run=dry_run)


def _plan(context: Context, source: str, target: str) -> tuple[Move, tuple[str, str]]:
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.document.references import SecretReference
    from plana_secrets.paths import parse_path
    from plana_secrets.secretfiles.editing.moving import stage_file_move, stage_leaf_move
    from plana_secrets.secretfiles.listing import require_place
    from plana_secrets.sops.formats import Format, format_of
    from plana_secrets.storage import is_folder

    workspace = context.workspace
    old, mark, path = source.partition("#")
    new, new_mark, new_path = target.partition("#")
    from_file, to_file = find_file(context, old), find_file(context, new, must_exist=False)
    if new.endswith("/") or is_folder(workspace.root / to_file):
        to_file = f"{to_file}/{from_file.rpartition('/')[2]}"
    if mark and not new_mark and format_of(to_file) is Format.BINARY:  # such as another PATH
        raise UsageError(f"the target {new} is not a YAML file", kind="bad-reference")
    require_place(workspace, to_file)
    if context.settings.keysets:
        from plana_secrets.rotation.remembered import refuse_adopted

        steps = parse_path(path) if mark else None
        refuse_adopted(workspace, context.settings.keysets, from_file, steps)
    if not mark:
        if new_mark:
            raise UsageError("a whole file cannot become one value", kind="usage")
        if os.path.lexists(workspace.root / to_file):
            raise ConflictError(
                f"{to_file} already exists", kind="file-exists", retry=False, file=to_file
            )
        return stage_file_move(workspace, from_file, to_file), (from_file, to_file)
    steps = parse_path(path)
    before = SecretReference(from_file, steps)
    after = SecretReference(to_file, parse_path(new_path) if new_mark else steps)
    return stage_leaf_move(workspace, before, after), (str(before), str(after))


def _facts(
    context: Context, move: Move, places: tuple[str, str], *, dry_run: bool
) -> dict[str, object]:
    from plana_secrets.cli.commands.recipients.naming import listed, names_of

    names = names_of(context)
    return {
        "source": places[0],
        "target": places[1],
        "added": listed(sorted(move.gained), names),
        "removed": listed(sorted(move.lost), names),
        "dry_run": dry_run,
    }


def _tell(context: Context, move: Move, places: tuple[str, str], *, dry_run: bool) -> None:
    from plana_secrets.cli.commands.recipients.naming import names_of

    output, names = context.output, names_of(context)
    verb = "would be" if dry_run else "is"
    output.talk(f"{places[0]} {verb} moved to {places[1]}")
    if move.gained:
        output.talk(f"new readers: {names.shown(move.gained)}")
    if move.lost:
        output.talk(f"no longer readers: {names.shown(move.lost)}; they keep what they have read")
    file = places[0].partition("#")[0]
    if "#" not in places[0] and _is_in_settings(context, file):
        output.warn(f"plana-secrets.toml names {file}: change it there, too")


def _is_in_settings(context: Context, file: str) -> bool:
    from plana_secrets.recipients.access import read_settings

    return file.encode("utf-8", "surrogateescape") in (read_settings(context.workspace) or b"")
