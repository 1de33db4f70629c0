"""`mirror`: the group of commands on the one-way copy of the secret files.

``comparison`` | ``outcome`` | ``advice``
    What the commands share: the state of files and mirror, what a sync did, in words, and
    the commands that go on.
``several``
    A turn for each of several mirrors.
"""

from __future__ import annotations

import click

from plana_secrets.cli.lazy import CommandTable, LazyGroup

_HERE = "plana_secrets.cli.commands.mirror"

COMMANDS: CommandTable = {
    "Set up": {
        "init": (f"{_HERE}.init:init", "Set up the mirror on a server."),
    },
    "Look": {
        "status": (f"{_HERE}.status:status", "Show whether files and mirror agree."),
        "diff": (f"{_HERE}.diff:diff", "Show each path that differs."),
        "audit": (
            f"{_HERE}.audit:audit",
            "List who can write to the mirrored collections, and misplaced items.",
        ),
    },
    "Change": {
        "sync": (f"{_HERE}.sync:sync", "Update the mirror to the commit at HEAD."),
        "adopt": (f"{_HERE}.adopt:adopt", "Copy values edited in the mirror to their file."),
        "restore": (f"{_HERE}.restore:restore", "Rebuild secret files from the mirror."),
    },
}

_EPILOG = """\
The files are the truth; the mirror is a read-only copy. Values edited in the mirror
are not overwritten unless you ask for it.

\b
Examples:
  plana-secrets mirror status
  plana-secrets mirror sync --dry-run
  plana-secrets mirror sync
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def mirror() -> None:
    """Copy the secret files one way into a vault."""
