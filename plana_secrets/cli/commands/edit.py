"""``plana-secrets edit``: a whole file in the editor of a person, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.document.merge import Side

EPILOG = """\b
The editor is $PLANA_EDITOR, $VISUAL, $EDITOR, else vi. Nobody is locked out while you
edit: if the file changed meanwhile, changes to different paths are merged, and about the
same path you are asked. What cannot be written is kept, encrypted, for --continue.

\b
Examples:
  plana-secrets edit infra/secrets/dev/example.yaml
  plana-secrets edit infra/secrets/dev/example.yaml --continue
  plana-secrets edit infra/secrets/dev/example.yaml --continue --prefer mine
"""


@click.command(epilog=EPILOG, short_help="Edit a file in your editor, in memory.")
@file_argument()
@click.option("--continue", "resume", is_flag=True, help="Go on with the edit that was kept.")
@click.option("--discard", is_flag=True, help="Forget the edit that was kept.")
@click.option(
    "--prefer",
    type=click.Choice(["mine", "theirs"]),
    help="Who wins where both changed the same path; by default you are asked.",
)
@click.option("--typed", is_flag=True, help="Take every new number and date as YAML reads it.")
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@pass_context
def edit(
    context: Context,
    file: str,
    resume: bool,
    discard: bool,
    prefer: Side | None,
    typed: bool,
    dry_run: bool,
) -> None:
    """Edit FILE as plain YAML in your editor.

    The text lies in memory only, and what you make of it is checked before anything is
    written; a mistake opens the editor again. Unchanged values keep their ciphertext. A new
    value such as 0042, 1.10 or 2024-01-02, which YAML would change, is kept as text.
    """
    from plana_secrets.cli.editing import EditSession
    from plana_secrets.cli.secretfile import find_file

    if resume and discard:
        raise UsageError("--continue and --discard exclude each other", kind="usage")
    name = find_file(context, file)
    session = EditSession(context, name, prefer=prefer, typed=typed, dry_run=dry_run)
    if discard:
        session.discard()
    elif resume:
        session.resume()
    else:
        session.start()
