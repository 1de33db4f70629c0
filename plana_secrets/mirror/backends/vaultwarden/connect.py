"""From the configuration to a backend; nothing is asked of the server yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from plana_secrets.age import keyring_store
from plana_secrets.errors import CredentialError
from plana_secrets.mirror.accountfile import credentials_file
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import (
    load_login,
    read_credentials_file,
)
from plana_secrets.mirror.backends.vaultwarden.session import KeyringLogin, Session, StateFile
from plana_secrets.mirror.backends.vaultwarden.settings import VARIABLE, VaultwardenSettings
from plana_secrets.observability import Observer, silent

if TYPE_CHECKING:
    from plana_secrets.mirror.surroundings import Surroundings


def open_backend(settings: VaultwardenSettings, surroundings: Surroundings) -> VaultwardenBackend:
    """The backend that the configuration names, in the name of the account at hand.

    Raises:
        CredentialError: no credentials file is named and there is no login (kind
            ``no-login``), or they are for another server (``credentials-elsewhere``).
    """
    return VaultwardenBackend(
        open_session(settings, surroundings),
        settings.organization,
        settings.collections.values(),
        key_fingerprint=settings.key_fingerprint,
        as_owner=surroundings.as_owner,
        observer=surroundings.observer,
    )


def open_session(settings: VaultwardenSettings, surroundings: Surroundings) -> Session:
    """As ``open_backend``, without a word about collections.

    For an owner the settings' credentials file, which is the service account's, does not
    count.
    """
    root, environment = surroundings.repository.root, surroundings.environment
    client = open_client(settings, root=root, observer=surroundings.observer)
    named = None if surroundings.as_owner else settings.credentials
    file = credentials_file(VARIABLE, named, environment, root)
    if file is not None:
        credentials = read_credentials_file(file, surroundings.find_identities)
        keeper = StateFile(
            surroundings.state_folder, client.url, credentials.email, surroundings.observer
        )
        return Session(client, credentials, keeper)
    login = load_login(client.url) if keyring_store.may_exist(environment) else None
    if login is None:
        raise CredentialError(f"no login for {client.url}", kind="no-login", url=client.url)
    return Session(client, login.credentials, KeyringLogin(login))


def open_client(
    settings: VaultwardenSettings, *, root: Path, observer: Observer = silent
) -> Client:
    """A client of the configured server, with its own CA where one is named."""
    ca_file = root / settings.ca_file if settings.ca_file else None
    return Client(settings.url, ca_file=ca_file, observer=observer)


ADVICE: Final = {
    "no-login": (
        "run `plana-secrets login --url {url}`, or set a credentials file with "
        "mirror.vaultwarden.credentials or PLANA_SECRETS_VAULTWARDEN_CREDENTIALS"
    ),
}
