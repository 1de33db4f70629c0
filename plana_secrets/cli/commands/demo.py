"""``plana-secrets demo``: the tour."""

from __future__ import annotations

import click

from plana_secrets.cli.context import Context, pass_context

EPILOG = """\b
Examples:
  plana-secrets demo
  plana-secrets demo --color never > tour.txt
"""


@click.command(epilog=EPILOG, short_help="Take a tour in a temporary folder.")
@pass_context
def demo(context: Context) -> None:
    """Take a tour in a private temporary folder, with an identity of its own.

    It sets a value, breaks a file on purpose and shows the finding, mirrors into the
    local backend, rotates an API key and a JWT secret through their states, is killed in
    the middle of a move and recovers. Nothing of yours is read or changed.
    """
    from plana_secrets.cli.tour import Tour
    from plana_secrets.memory import private_folder

    with private_folder() as folder:
        Tour(context, folder).take()
    context.output.talk("the tour is over, and its folder is gone")
    context.output.talk("next: plana-secrets init in a repository of yours")
