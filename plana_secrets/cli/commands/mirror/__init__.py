"""``mirror``: the group of commands on the one-way copy of the secret files."""

from __future__ import annotations

import click

from plana_secrets.cli.lazy import CommandTable, LazyGroup

_HERE = "plana_secrets.cli.commands.mirror"

COMMANDS: CommandTable = {
    "Set up": {
        "init": (f"{_HERE}.init:init", "Set the mirror up on a server."),
    },
    "Look": {
        "status": (f"{_HERE}.status:status", "Say whether files and mirror agree."),
        "diff": (f"{_HERE}.diff:diff", "Name each path where they differ."),
        "audit": (f"{_HERE}.audit:audit", "Say who may write to the mirrored collections."),
    },
    "Change": {
        "sync": (f"{_HERE}.sync:sync", "Make the mirror what the commit at HEAD says."),
        "adopt": (f"{_HERE}.adopt:adopt", "Take a value typed into the mirror into its file."),
        "restore": (f"{_HERE}.restore:restore", "Rebuild secret files from the mirror."),
    },
}

_EPILOG = """\b
The files are the truth and the mirror is a copy for looking at. A value that
somebody typed into the mirror is never overwritten unasked.

\b
Examples:
  plana-secrets mirror status
  plana-secrets mirror sync --dry-run
  plana-secrets mirror sync
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def mirror() -> None:
    """Copy the secret files one way into a vault."""
