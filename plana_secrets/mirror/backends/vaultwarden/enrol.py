"""Logging in for good: what ``login`` asks the server, and what is worth keeping of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import (
    ApiKey,
    Credentials,
    KeptLogin,
)
from plana_secrets.mirror.backends.vaultwarden.failures import CodeWantedError
from plana_secrets.mirror.backends.vaultwarden.login import (
    Tokens,
    login_by_api_key,
    login_by_password,
)
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.vault import Keys, read_sync
from plana_secrets.mirror.backends.vaultwarden.version import check_version
from plana_secrets.secret import Secret


def enrol_by_api_key(client: Client, email: str, api_key: ApiKey, password: Secret) -> KeptLogin:
    """A service account: the API key is kept to log in again, the password is not.

    Raises:
        CredentialError: the server refuses the key, or the password does not open the
            account.
    """
    check_version(client)
    tokens = login_by_api_key(client, api_key, email)
    return _keep(client, Credentials(client.url, email, api_key, master_password=password), tokens)


def enrol_by_password(
    client: Client, email: str, password: Secret, ask_code: Callable[[], str]
) -> KeptLogin:
    """A person; ``ask_code`` is called when the server wants a one-time code.

    Raises:
        CredentialError: the server refuses the login.
    """
    check_version(client)
    try:
        tokens = login_by_password(client, email, password)
    except CodeWantedError:
        tokens = login_by_password(client, email, password, code=ask_code())
    return _keep(client, Credentials(client.url, email, None, master_password=password), tokens)


def _keep(client: Client, credentials: Credentials, tokens: Tokens) -> KeptLogin:
    """The password has done its work once it has opened the account's key."""
    session = Session(client, credentials, _Given(tokens))
    user_key = Keys(session).open_user_key(read_sync(session))
    return KeptLogin(
        replace(credentials, master_password=None, user_key=user_key.reveal()),
        tokens.access,
        tokens.refresh,
    )


class _Given:
    """Tokens at hand; nothing is kept yet."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def load(self) -> tuple[Secret | None, Secret | None]:
        return self._tokens.access, self._tokens.refresh

    def store(self, tokens: Tokens) -> None:
        self._tokens = tokens
