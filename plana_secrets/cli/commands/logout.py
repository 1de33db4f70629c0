"""``plana-secrets logout``: forget the login to the mirror's server."""

from __future__ import annotations

import click

from plana_secrets.cli.context import Context, pass_context

EPILOG = """\b
Removes the login from the keyring and the tokens that jobs kept on this machine. A token
that somebody copied stays good for up to two hours; deauthorise sessions in the web
vault to end it at once.

\b
Examples:
  plana-secrets logout
"""


@click.command(epilog=EPILOG, short_help="Forget the mirror's credentials.")
@click.option("--url", metavar="URL", help="The server; default: the configured one.")
@pass_context
def logout(context: Context, url: str | None) -> None:
    """Forget the login to the Vaultwarden server."""
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
        context.output.talk(f"logged out from {client.url}")
