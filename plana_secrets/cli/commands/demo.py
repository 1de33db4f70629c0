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
    """Take a tour in a private temporary folder, with a temporary identity.

    It sets a value, breaks a file on purpose and shows the finding, mirrors to the local
    backend, rotates an API key and a JWT secret through all states, and recovers from a
    kill in the middle of a move. None of your files is read or changed.
    """
    from plana_secrets.cli.tour import Tour
    from plana_secrets.memory import private_folder

    with private_folder() as folder:
        Tour(context, folder).take()
    context.output.talk("the tour is over; its folder was deleted")
    context.output.talk("next, in your own repository: plana-secrets init")
