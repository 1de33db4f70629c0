"""`recipients`: the group of commands on who can read which file.

``naming``
    What the commands share: recipients by their names.
"""

from __future__ import annotations

import click

from plana_secrets.cli.lazy import CommandTable, LazyGroup

_HERE = "plana_secrets.cli.commands.recipients"

COMMANDS: CommandTable = {
    "Look": {
        "list": (f"{_HERE}.list:list_", "Show who can read what."),
    },
    "Change": {
        "apply": (f"{_HERE}.apply:apply", "Give files the recipients of their rules."),
    },
}

_EPILOG = """\
The creation rules in .sops.yaml name the recipients; every file has its own list of them.

\b
Examples:
  plana-secrets recipients list --files
  plana-secrets recipients apply --dry-run
  plana-secrets recipients apply
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def recipients() -> None:
    """Show and change who can read which file."""
