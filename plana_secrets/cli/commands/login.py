"""``plana-secrets login``: keep a login to the mirror's server in the keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import TypedPath
from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.mirror.settings import BackendSettings

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
    "--ca-file",
    metavar="FILE",
    type=TypedPath(dir_okay=False, path_type=str),
    help="CA certificate to trust; default: the configured one.",
)
@pass_context
def login(
    context: Context, url: str | None, email: str | None, api_key: bool, ca_file: str | None
) -> None:
    """Log in to the mirror's server and store the login in the keyring."""
    from plana_secrets.cli.desk import TerminalDesk
    from plana_secrets.mirror.desk import LoginRequest

    backend, settings = account_of(context, url)
    done = backend.log_in(
        settings,
        LoginRequest(url, email, api_key, ca_file),
        TerminalDesk(context),
        find_root=lambda: context.repository.root,
        observer=context.output.observe,
    )
    if context.json:
        context.output.json_object("login", dict(done.facts))
    else:
        context.output.talk(done.words)


def account_of(
    context: Context, url: str | None
) -> tuple[type[BackendSettings], BackendSettings | None]:
    """Which backend has the account: the one at ``url``, or the first of the settings.

    Raises:
        UsageError: none is named and none is configured (kind ``no-server``).
    """
    from plana_secrets.errors import UsageError
    from plana_secrets.mirror.backends import BACKENDS

    if url is not None:
        return next(backend for backend in BACKENDS.values() if backend.HAS_ACCOUNTS), None
    mirror = context.settings.mirror
    tables = (*mirror.used, *mirror.backends.values())
    for settings in tables:
        if settings.HAS_ACCOUNTS:
            return type(settings), settings
    raise UsageError("no mirror with accounts is configured", kind="no-server")
