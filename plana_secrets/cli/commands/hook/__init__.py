"""`hook`: the group of commands on git's hooks.

``outcomes`` | ``place``
    What the commands share: which hooks, and what became of each; which repository.
"""

from __future__ import annotations

import click

from plana_secrets.cli.lazy import CommandTable, LazyGroup

_HERE = "plana_secrets.cli.commands.hook"

COMMANDS: CommandTable = {
    "Set up": {
        "install": (f"{_HERE}.install:install", "Let git verify commits and pushes."),
        "uninstall": (f"{_HERE}.uninstall:uninstall", "Remove the hooks that install wrote."),
    },
    "For git": {
        "run": (f"{_HERE}.run:run", "Verify what git is about to record or to push."),
        "merge": (f"{_HERE}.merge:merge", "Merge a secret file for git."),
    },
}

_EPILOG = """\b
Examples:
  plana-secrets hook install
  plana-secrets hook install --pre-commit
  plana-secrets hook uninstall
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def hook() -> None:
    """Let git verify commits and pushes by its hooks."""
