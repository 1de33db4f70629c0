"""The access token of a machine account, and where it is kept.

A token is bound to the server that it is for: the configuration, which anyone can change who
can open a pull request, names the servers, and none but its own gets a token.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from plana_secrets.age import keyring_store
from plana_secrets.errors import CredentialError, MalformedError, UsageError
from plana_secrets.mirror.accountfile import read_entries
from plana_secrets.mirror.address import checked_url, is_loopback
from plana_secrets.mirror.backends.bitwarden_sm.settings import BitwardenSmSettings
from plana_secrets.secret import Secret

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities

_VENDOR: Final = ("bitwarden.com", "bitwarden.eu")


def read_token(
    path: Path, settings: BitwardenSmSettings, find_identities: Callable[[], Identities]
) -> Secret:
    """The token in a credentials file, for the servers of ``settings``.

    The file says ``access_token``, and ``identity_url`` unless that is Bitwarden's own or on
    this machine.

    Raises:
        CredentialError: others may read it (kind ``credentials-exposed``), there is no token
            in it (kind ``no-access-token``), or it does not say that it is for these servers
            (kind ``token-elsewhere``).
        MalformedError: it is not YAML, or the SOPS file is not sound.
    """
    entries = read_entries(path, find_identities)
    token = entries.get("access_token")
    if token is None or token.is_empty:
        raise CredentialError(
            f"the credentials file {path} has no access_token",
            kind="no-access-token",
            file=str(path),
        )
    _check_servers(entries.get("identity_url"), settings, path)
    return _stripped(token, path)


def _check_servers(named: Secret | None, settings: BitwardenSmSettings, path: Path) -> None:
    api, identity = settings.api_url, settings.identity_url
    if named is None and all(_is_vendor(one) or is_loopback(one) for one in (api, identity)):
        return
    if named is None or not _is_same(named, identity) or not _are_of_one_owner(api, identity):
        raise CredentialError(
            f"the credentials file {path} is not for the server {identity}",
            kind="token-elsewhere",
            file=str(path),
            url=identity,
        )


def _is_same(named: Secret, url: str) -> bool:
    try:
        return checked_url(named.reveal_text()) == url
    except (UsageError, ValueError):
        return False


def _is_vendor(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == one or host.endswith(f".{one}") for one in _VENDOR)


def _are_of_one_owner(api: str, identity: str) -> bool:
    """The API gets a token of the login, so it is not at any other place than the login."""
    hosts = [urlsplit(one).hostname or "" for one in (api, identity)]
    return hosts[0].partition(".")[2] == hosts[1].partition(".")[2] or hosts[0] == hosts[1]


def _stripped(token: Secret, path: Path) -> Secret:
    try:
        return Secret.from_text(token.reveal_text().strip())
    except ValueError:
        raise MalformedError(
            f"access_token is not text in the credentials file {path}", file=str(path)
        ) from None


def load_token(settings: BitwardenSmSettings) -> Secret | None:
    """The token that ``plana-secrets login`` kept for these servers and this organization."""
    return keyring_store.load_entry(_entry(settings))


def store_token(settings: BitwardenSmSettings, token: Secret) -> None:
    keyring_store.store_entry(_entry(settings), token)


def forget_token(settings: BitwardenSmSettings) -> None:
    """Remove it from the keyring; none there is no error."""
    keyring_store.delete_entry(_entry(settings))


def _entry(settings: BitwardenSmSettings) -> str:
    servers = f"{settings.identity_url} {settings.api_url}"
    return f"bitwarden-sm {servers} {settings.organization}"


ADVICE: Final = {
    "no-access-token": "add the line `access_token: TOKEN` of the machine account",
    "token-elsewhere": (
        "add the line `identity_url: {url}` if the token is for this server; it is sent to no "
        "other server"
    ),
}
