"""`recipients`: the group of commands on who can read which file.

``naming`` | ``joining``
    What the commands share: recipients and rules by their names; a change of rules, settings
    and files.
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
        "request": (f"{_HERE}.request:request", "Ask to become a reader."),
        "add": (f"{_HERE}.add:add", "Add a reader to rules and their files."),
        "remove": (f"{_HERE}.remove:remove", "Remove a reader from rules, settings and files."),
        "replace": (f"{_HERE}.replace:replace", "Give a reader another key."),
        "apply": (f"{_HERE}.apply:apply", "Give files the recipients of their rules."),
    },
}

_EPILOG = """\
The creation rules in .sops.yaml name the recipients; every file has its own list of them.

\b
Examples:
  plana-secrets recipients list --files
  plana-secrets recipients add bob age1... --rule 2
  plana-secrets recipients apply
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def recipients() -> None:
    """Show and change who can read which file."""
