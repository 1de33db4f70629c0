"""`rotate`: the group of commands on keysets.

``moves``
    What the commands share: their options, and keysets and moves in words.
"""

from __future__ import annotations

import click

from plana_secrets.cli.lazy import CommandTable, LazyGroup

_HERE = "plana_secrets.cli.commands.rotate"

COMMANDS: CommandTable = {
    "Look": {
        "list": (f"{_HERE}.look:list_", "List keysets, their phase and next move."),
        "plan": (f"{_HERE}.look:plan", "Show the next move of a keyset, and when."),
    },
    "Change": {
        "init": (f"{_HERE}.init:init", "Create a keyset and write its targets."),
        "run": (f"{_HERE}.run:run", "Make the next move of one keyset, or all that are due."),
        "confirm": (
            f"{_HERE}.confirm:confirm",
            "Record that callers, or the readers of an adopted path, have switched.",
        ),
        "redate": (f"{_HERE}.redate:redate", "Correct a move that is dated in the future."),
    },
}

_EPILOG = """\
A rotation is publish, promote, retire, destroy; abort, demote and reinstate undo the
first three. Waits start when a move lands on the deployed branch.

\b
Examples:
  plana-secrets rotate list
  plana-secrets rotate run shop/portal --commit --push
  plana-secrets rotate run --due --commit --push
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def rotate() -> None:
    """Rotate API keys and JWT signing secrets."""
