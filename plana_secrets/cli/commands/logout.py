"""``plana-secrets logout``: forget the login to the mirror's server."""

from __future__ import annotations

import click

from plana_secrets.cli.context import Context, pass_context

EPILOG = """\
Removes the login from the keyring, and the tokens that jobs stored on this machine. A
copied token stays valid for up to two hours; to end it at once, deauthorize sessions in
the web vault.

\b
Examples:
  plana-secrets logout
"""


@click.command(epilog=EPILOG, short_help="Log out of the mirror's server.")
@click.option("--url", metavar="URL", help="Server address; default: the configured one.")
@pass_context
def logout(context: Context, url: str | None) -> None:
    """Log out of the mirror's server."""
    import os

    from plana_secrets.cli.commands.login import account_of
    from plana_secrets.places import home_folder, user_state_folder

    backend, settings = account_of(context, url)
    state_folder = user_state_folder(os.environ, home_folder(os.environ))
    done = backend.log_out(settings, url, state_folder=state_folder)
    if context.json:
        context.output.json_object("logout", dict(done.facts))
    else:
        context.output.talk(done.words)
