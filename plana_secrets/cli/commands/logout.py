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
    """Log out of the Vaultwarden server."""
    import os

    from plana_secrets.age import keyring_store
    from plana_secrets.cli.commands.login import open_named_client
    from plana_secrets.mirror.backends.vaultwarden.credentials import forget_login
    from plana_secrets.mirror.backends.vaultwarden.session import forget_tokens
    from plana_secrets.places import home_folder, user_state_folder

    client = open_named_client(context, url, None)
    forget_tokens(user_state_folder(os.environ, home_folder(os.environ)), client.url)
    if keyring_store.may_exist(os.environ):
        forget_login(client.url)
    if context.json:
        context.output.json_object("logout", {"url": client.url})
    else:
        context.output.talk(f"logged out of {client.url}")
