"""``plana-secrets login``: keep a login to the mirror's server in the keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.mirror.backends.vaultwarden.client import Client
    from plana_secrets.mirror.backends.vaultwarden.credentials import KeptLogin

EPILOG = """\
People log in with email, master password and one-time code; a service account with its
personal API key and master password. The keyring stores the login or API key and the
account's encryption key, for this server only; the master password is never stored.

\b
Examples:
  plana-secrets login
  plana-secrets login --api-key --email mirror@example.com
  plana-secrets login --url https://vault.example.com
"""


@click.command(epilog=EPILOG, short_help="Log in to the mirror's server.")
@click.option("--url", metavar="URL", help="Server address; default: the configured one.")
@click.option("--email", metavar="EMAIL", help="Account email; default: ask.")
@click.option("--api-key", is_flag=True, help="Log in with a personal API key (service account).")
@click.option(
    "--ca-file", metavar="FILE", help="CA certificate to trust; default: the configured one."
)
@pass_context
def login(
    context: Context, url: str | None, email: str | None, api_key: bool, ca_file: str | None
) -> None:
    """Log in to the Vaultwarden server and store the login in the keyring."""
    from plana_secrets.age import keyring_store
    from plana_secrets.cli.terminal import ask_line
    from plana_secrets.mirror.backends.vaultwarden.credentials import store_login

    keyring = keyring_store.backend_name()
    client = open_named_client(context, url, ca_file)
    context.output.talk(f"logging in to {client.url}")
    address = email or ask_line(context, "e-mail")
    kept = _by_api_key(context, client, address) if api_key else _by_code(context, client, address)
    store_login(kept)
    if context.json:
        facts = {"url": client.url, "email": address, "api_key": api_key}
        context.output.json_object("login", facts)
    else:
        context.output.talk(f"logged in to {client.url} as {address}; kept in {keyring}")


def open_named_client(context: Context, url: str | None, ca_file: str | None) -> Client:
    """The client of the server that is named, or of the configured one.

    Raises:
        UsageError: none is named and none is configured (kind ``no-server``).
    """
    from pathlib import Path

    from plana_secrets.errors import UsageError
    from plana_secrets.mirror.backends.vaultwarden.client import Client
    from plana_secrets.mirror.backends.vaultwarden.connect import open_client

    if url is not None:
        return Client(
            url, ca_file=Path(ca_file) if ca_file else None, observer=context.output.observe
        )
    settings = context.settings.mirror.vaultwarden
    if settings is None:
        raise UsageError("no Vaultwarden server is configured", kind="no-server")
    return open_client(settings, root=context.repository.root, observer=context.output.observe)


def _by_api_key(context: Context, client: Client, email: str) -> KeptLogin:
    from plana_secrets.cli.terminal import ask_line, ask_secret
    from plana_secrets.mirror.backends.vaultwarden.credentials import ApiKey
    from plana_secrets.mirror.backends.vaultwarden.enrol import enrol_by_api_key

    client_id = ask_line(context, "client id")
    client_secret = ask_secret(context, "client secret")
    password = ask_secret(context, f"master password for {client.url}")
    return enrol_by_api_key(client, email, ApiKey(client_id, client_secret), password)


def _by_code(context: Context, client: Client, email: str) -> KeptLogin:
    from plana_secrets.cli.terminal import ask_line, ask_secret
    from plana_secrets.mirror.backends.vaultwarden.enrol import enrol_by_password

    password = ask_secret(context, f"master password for {client.url}")
    return enrol_by_password(client, email, password, lambda: ask_line(context, "one-time code"))
