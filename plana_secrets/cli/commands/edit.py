"""``plana-secrets edit``: a whole file in the editor of a person, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.document.merge import Side

EPILOG = """\
The editor is $PLANA_EDITOR, $VISUAL, $EDITOR or vi. Others can change the file while you
edit: changes to different paths are merged, and you are asked when both changed the same
path. An edit that cannot be written is kept, encrypted, for --continue.

\b
Examples:
  plana-secrets edit infra/secrets/dev/example.yaml
  plana-secrets edit infra/secrets/dev/example.yaml --continue
  plana-secrets edit infra/secrets/dev/example.yaml --continue --prefer mine
"""


@click.command(epilog=EPILOG, short_help="Edit a file in your editor, in memory.")
@file_argument()
@click.option("--continue", "resume", is_flag=True, help="Continue the edit that was kept.")
@click.option("--discard", is_flag=True, help="Discard the edit that was kept.")
@click.option(
    "--prefer",
    type=click.Choice(["mine", "theirs"]),
    help="Whose change to keep if both changed the same path; the default is to ask.",
)
@click.option("--typed", is_flag=True, help="Read new numbers and dates as YAML does.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
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

    The text is kept in memory only, and checked before anything is written; if it is not
    valid, the editor opens again. Unchanged values keep their ciphertext. New values that
    YAML would change, such as 0042, 1.10 or 2024-01-02, are kept as text.

    If the file was changed without sops, you first choose for each value that is in doubt,
    as in `plana-secrets repair`.
    """
    from plana_secrets.cli.editing import EditSession
    from plana_secrets.cli.secretfile import find_file

    if resume and discard:
        raise UsageError("--continue and --discard cannot be combined", kind="usage")
    name = find_file(context, file)
    session = EditSession(context, name, prefer=prefer, typed=typed, dry_run=dry_run)
    if discard:
        session.discard()
    elif resume:
        session.resume()
    else:
        session.start()
