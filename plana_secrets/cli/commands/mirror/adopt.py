"""``mirror adopt``: a value that was typed into the mirror goes into its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import file_argument, path_argument
from plana_secrets.cli.commands.mirror import comparison
from plana_secrets.cli.commands.mirror.several import mirror_option
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option

if TYPE_CHECKING:
    from plana_secrets.mirror.backend import Listing

_EPILOG = """\
This changes the file in the working tree; commit it, and the next sync updates the item.

\b
Examples:
  plana-secrets mirror adopt infra/secrets/prod/mail.yaml smtp_password
"""


@click.command(epilog=_EPILOG)
@file_argument()
@path_argument()
@click.option("--dry-run", is_flag=True, help="Check that it can be done; change nothing.")
@wait_option
@pass_context
@mirror_option
def adopt(context: Context, file: str, path: str, dry_run: bool) -> int:
    """Copy a value edited in the mirror to its file."""
    from plana_secrets.mirror.open import open_backend
    from plana_secrets.paths import format_path, parse_path
    from plana_secrets.secretfiles.listing import resolve_file
    from plana_secrets.secretfiles.writing.writer import writing

    name = resolve_file(context.workspace, file, context.folder)
    spelled = format_path(parse_path(path))
    backend = open_backend(context.settings.mirror, comparison.surroundings(context))
    listing = backend.list_items()
    if dry_run:
        changed = _adopt(context, listing, name, spelled, write=False)
    else:
        with writing(context.workspace, operation="mirror adopt"):
            changed = _adopt(context, listing, name, spelled, write=True)
    if context.output.as_json:
        facts = {"file": name, "path": spelled, "changed": changed, "dry_run": dry_run}
        context.output.json_object("mirror-adopt", facts)
    else:
        context.output.talk(f"{name}#{spelled} {_describe(changed=changed, dry_run=dry_run)}")
    return 0


def _describe(*, changed: bool, dry_run: bool) -> str:
    if not changed:
        return "already has this value"
    return "would change" if dry_run else "changed; commit it, and the next sync updates the item"


def _adopt(context: Context, listing: Listing, file: str, path: str, *, write: bool) -> bool:
    from plana_secrets.mirror.adopt import plan_adoption
    from plana_secrets.secretfiles.open import read_document_of
    from plana_secrets.secretfiles.writing.writer import stage_edits, write_files

    document = read_document_of(context.workspace, file)
    edit = plan_adoption(listing, file, path, document)
    staged = stage_edits(context.workspace, file, [edit])
    if write:
        write_files(context.workspace, [staged], operation="mirror adopt")
    return staged.is_change
