"""Who we are to the server, and where that is kept.

A job names a credentials file: a SOPS secret file that its identity opens, or plain YAML
that no other user may read. A person logs in once, and the keyring keeps what is needed:
the API key or the login, and the account's encryption key in place of the master
password, which is forgotten as soon as the key is unwrapped.

Both say for which server they are. Which server a command talks to is said by the
configuration, which anyone can change who can open a pull request: so no other server
gets anything of them, not even the client id.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plana_secrets.age import keyring_store
from plana_secrets.errors import CredentialError, MalformedError, UsageError
from plana_secrets.mirror.accountfile import read_entries
from plana_secrets.mirror.address import checked_url
from plana_secrets.secret import Secret

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities

_NAMES: Final = ("url", "email", "master_password", "client_id", "client_secret")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A personal API key: it logs in and decrypts nothing."""

    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account at the server ``url``, as ``checked_url`` spells it.

    Either ``master_password`` or ``user_key`` opens what it reads.
    """

    url: str
    email: str
    api_key: ApiKey | None
    master_password: Secret | None = None
    user_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class KeptLogin:
    """What the keyring holds of an account, tokens included."""

    credentials: Credentials
    access_token: Secret | None = None
    refresh_token: Secret | None = None


def read_credentials_file(path: Path, find_identities: Callable[[], Identities]) -> Credentials:
    """The account that a file names.

    Raises:
        CredentialError: others may read it (kind ``credentials-exposed``), it does not say
            for which server it is (kind ``credentials-unbound``), or something else is
            missing in it (kind ``credentials-incomplete``).
        UsageError: its address is none (kind ``bad-url`` or ``insecure-url``).
        MalformedError: it is not YAML of that form, or the SOPS file is not sound.
    """
    entries = read_entries(path, find_identities)
    missing = [name for name in _NAMES if name not in entries or entries[name].is_empty]
    if missing == ["url"]:
        raise CredentialError(
            f"the credentials file {path} has no url",
            kind="credentials-unbound",
            file=str(path),
        )
    if missing:
        raise CredentialError(
            f"the credentials file {path} lacks {', '.join(missing)}",
            kind="credentials-incomplete",
            file=str(path),
        )
    try:
        url, email, client_id = (
            entries[name].reveal_text().strip() for name in ("url", "email", "client_id")
        )
    except ValueError:
        raise MalformedError(
            f"a field is not text in the credentials file {path}", file=str(path)
        ) from None
    return Credentials(
        url=_checked_url(url, path),
        email=email,
        api_key=ApiKey(client_id, entries["client_secret"]),
        master_password=entries["master_password"],
    )


def _checked_url(url: str, path: Path) -> str:
    try:
        return checked_url(url)
    except UsageError as error:
        raise UsageError(
            f"`url` in the credentials file {path} is not an https address without extras",
            kind=error.kind,
            file=str(path),
        ) from None


def load_login(url: str) -> KeptLogin | None:
    """The login that ``plana-secrets login`` kept for this server, if there is one.

    Raises:
        MalformedError: it cannot be read, or is of a release that did not write the server
            into it (kind ``login-unreadable``).
    """
    kept = keyring_store.load_entry(_entry(url))
    if kept is None:
        return None
    try:
        return _parse_login(json.loads(kept.reveal()))
    except (ValueError, KeyError, TypeError, AttributeError, UsageError):
        raise MalformedError(
            f"the login kept for {url} cannot be read", kind="login-unreadable"
        ) from None


def store_login(login: KeptLogin) -> None:
    """Keep a login in the keyring, in place of an earlier one for its server."""
    credentials = login.credentials
    content: dict[str, str | None] = {
        "url": credentials.url,
        "email": credentials.email,
        "user_key": _encode(credentials.user_key),
        "client_id": credentials.api_key.client_id if credentials.api_key else None,
        "client_secret": _encode(
            credentials.api_key.client_secret if credentials.api_key else None
        ),
        "access_token": _encode(login.access_token),
        "refresh_token": _encode(login.refresh_token),
    }
    keyring_store.store_entry(_entry(credentials.url), Secret.from_text(json.dumps(content)))


def forget_login(url: str) -> None:
    """Remove the login of this server from the keyring; none there is no error."""
    keyring_store.delete_entry(_entry(url))


def _entry(url: str) -> str:
    return f"vaultwarden {url}"


def _parse_login(content: dict[str, Any]) -> KeptLogin:
    client_secret = _decode(content["client_secret"])
    return KeptLogin(
        credentials=Credentials(
            url=checked_url(str(content["url"])),
            email=str(content["email"]),
            api_key=ApiKey(str(content["client_id"]), client_secret)
            if client_secret is not None
            else None,
            user_key=_decode(content["user_key"]),
        ),
        access_token=_decode(content["access_token"]),
        refresh_token=_decode(content["refresh_token"]),
    )


def _encode(value: Secret | None) -> str | None:
    return None if value is None else base64.b64encode(value.reveal()).decode("ascii")


def _decode(text: str | None) -> Secret | None:
    return None if text is None else Secret(base64.b64decode(text, validate=True))


ADVICE: Final = {
    "credentials-incomplete": "it needs url, email, master_password, client_id and client_secret",
    "credentials-unbound": (
        "add the line `url: https://HOST` with the account's server; they "
        "are sent to no other server"
    ),
    "login-unreadable": (
        "run `plana-secrets login` again; the login was stored by an older version"
    ),
}
