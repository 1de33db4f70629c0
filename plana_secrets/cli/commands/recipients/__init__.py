"""`recipients`: the group of commands on who can read which file."""

from __future__ import annotations

import click

from plana_secrets.cli.lazy import CommandTable, LazyGroup

_HERE = "plana_secrets.cli.commands.recipients"

COMMANDS: CommandTable = {
    "Change": {
        "apply": (f"{_HERE}.apply:apply", "Give files the recipients of their rules."),
    },
}

_EPILOG = """\
The creation rules in .sops.yaml name the recipients; every file has its own list of them.

\b
Examples:
  plana-secrets recipients apply --dry-run
  plana-secrets recipients apply
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def recipients() -> None:
    """Change who can read which file."""
