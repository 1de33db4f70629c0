"""``rotate``: the group of commands on keysets."""

from __future__ import annotations

import click

from plana_secrets.cli.lazy import CommandTable, LazyGroup

_HERE = "plana_secrets.cli.commands.rotate"

COMMANDS: CommandTable = {
    "Look": {
        "list": (f"{_HERE}.look:list_", "List keysets, their phase and what comes next."),
        "plan": (f"{_HERE}.look:plan", "Say what comes next for a keyset, and when."),
    },
    "Change": {
        "init": (f"{_HERE}.init:init", "Make a keyset and render its targets."),
        "run": (f"{_HERE}.run:run", "Make the next move of one keyset, or all that are due."),
        "confirm": (f"{_HERE}.confirm:confirm", "Record that an external caller is done."),
        "redate": (f"{_HERE}.redate:redate", "Date a move again that is dated later than now."),
    },
}

_EPILOG = """\b
A rotation is publish, promote, retire, destroy; abort, demote and reinstate undo the
first three. Waits are counted from when a move landed on the deployed branch.

\b
Examples:
  plana-secrets rotate list
  plana-secrets rotate run pulse-data/portal --commit --push
  plana-secrets rotate run --due --commit --push
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def rotate() -> None:
    """Rotate API keys and JWT signing secrets."""
