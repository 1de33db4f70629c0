"""Calls in the name of an account: the token is kept, and fetched again when it expires.

The server answers 401 both for a token that is over and for a role that does not
suffice. So a 401 leads to a new login only where the token can be over: it was kept from
an earlier run, has lived its time, or a call that every account may make is refused, too.
A call leads to one login at most.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from plana_secrets import limits
from plana_secrets.errors import CredentialError, FailedError
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import (
    Credentials,
    KeptLogin,
    store_login,
)
from plana_secrets.mirror.backends.vaultwarden.failures import NotAllowedError
from plana_secrets.mirror.backends.vaultwarden.login import (
    Tokens,
    login_by_api_key,
    login_by_refresh,
)
from plana_secrets.mirror.surroundings import make_state_folder
from plana_secrets.observability import LOGIN_NOT_KEPT, Event, Observer, silent
from plana_secrets.secret import Secret
from plana_secrets.storage import read_regular_file, remove_file, replace_file

_MARGIN: Final = 60
"""Seconds before the end of its life at which a token counts as over."""

_ANYONE: Final = "/api/accounts/revision-date"
"""A call that every account may make."""


class TokenKeeper(Protocol):
    """Where tokens stay between runs."""

    def load(self) -> tuple[Secret | None, Secret | None]:
        """The access token and the refresh token, if they were kept."""
        ...

    def store(self, tokens: Tokens) -> None: ...


class StateFile:
    """The token of a job in a private file, so that its runs stay below the login limit.

    Where it cannot be written, as in a container that may only read, each run logs in.
    """

    def __init__(self, folder: Path, url: str, email: str, observer: Observer = silent) -> None:
        self.path = folder / f"vaultwarden-{_mark(url)}-{_mark(email)}.json"
        self._url = url
        self._observer = observer

    def load(self) -> tuple[Secret | None, Secret | None]:
        """Nothing where others may read the file or another server gave the token.

        The next login fixes either.
        """
        try:
            if self.path.stat().st_mode & 0o077:
                return None, None
            content = json.loads(read_regular_file(self.path, limit=limits.SESSION_FILE))
            if content["url"] != self._url:
                return None, None
            return Secret.from_text(content["access_token"]), None
        except (OSError, FailedError, ValueError, KeyError, TypeError, AttributeError):
            return None, None

    def store(self, tokens: Tokens) -> None:
        content = json.dumps({"url": self._url, "access_token": tokens.access.reveal_text()})
        try:
            make_state_folder(self.path.parent)
            replace_file(self.path, content.encode(), mode=0o600)
        except FailedError as error:
            self._observer(Event(LOGIN_NOT_KEPT, {"reason": error.message}))


def forget_tokens(folder: Path, url: str) -> None:
    """Remove what jobs kept of their logins to this server."""
    for path in folder.glob(f"vaultwarden-{_mark(url)}-*.json"):
        remove_file(path)


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class KeyringLogin:
    """The token of a person, beside the rest of the login in the keyring."""

    def __init__(self, login: KeptLogin) -> None:
        self._login = login

    def load(self) -> tuple[Secret | None, Secret | None]:
        return self._login.access_token, self._login.refresh_token

    def store(self, tokens: Tokens) -> None:
        self._login = KeptLogin(self._login.credentials, tokens.access, tokens.refresh)
        store_login(self._login)


class Session:
    """One account at one server.

    Raises:
        CredentialError: the credentials are for another server than the client's (kind
            ``credentials-elsewhere``); nothing was sent.
    """

    def __init__(
        self,
        client: Client,
        credentials: Credentials,
        keeper: TokenKeeper,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if credentials.url != client.url:
            raise CredentialError(
                f"the credentials are for {credentials.url}, not for {client.url}",
                kind="credentials-elsewhere",
                url=client.url,
            )
        self.client = client
        self.credentials = credentials
        self._keeper = keeper
        self._clock = clock
        self._access, self._refresh = keeper.load()
        self._ends: float | None = None
        self._renewing = Lock()

    def get(self, path: str, *, task: str) -> bytes:
        return self.call("GET", path, task=task, repeatable=True)

    def call(
        self,
        method: str,
        path: str,
        *,
        task: str,
        body: object = None,
        repeatable: bool = False,
    ) -> bytes:
        """As ``Client.call``, in the name of the account."""
        token = self._token()
        try:
            return self._send(token, method, path, task=task, body=body, repeatable=repeatable)
        except NotAllowedError:
            if not (self._may_be_over(token) or self._is_refused(token)):
                raise
        token = self._renew(token)
        return self._send(token, method, path, task=task, body=body, repeatable=repeatable)

    def _send(
        self, token: Secret, method: str, path: str, *, task: str, body: object, repeatable: bool
    ) -> bytes:
        return self.client.call(
            method, path, task=task, token=token, body=body, repeatable=repeatable
        )

    def _token(self) -> Secret:
        with self._renewing:
            return self._login() if self._access is None else self._access

    def _may_be_over(self, token: Secret) -> bool:
        """Also if another call has renewed it meanwhile."""
        with self._renewing:
            if self._access is not token:
                return True
            return self._ends is None or self._clock() >= self._ends

    def _is_refused(self, token: Secret) -> bool:
        """Whether the token is over before its time: then no call of any role works."""
        try:
            self._send(token, "GET", _ANYONE, task="ask for changes", body=None, repeatable=True)
        except NotAllowedError:
            return True
        return False

    def _renew(self, token: Secret) -> Secret:
        """Once for all calls that were sent with this token."""
        with self._renewing:
            if self._access is None or self._access is token:
                return self._login()
            return self._access

    def _login(self) -> Secret:
        if self.credentials.api_key is not None:
            tokens = login_by_api_key(self.client, self.credentials.api_key, self.credentials.email)
        elif self._refresh is not None:
            tokens = login_by_refresh(self.client, self._refresh)
        else:
            raise CredentialError(
                f"the login stored for {self.client.url} has expired", kind="login-expired"
            )
        self._access, self._refresh = tokens.access, tokens.refresh
        self._ends = self._clock() + tokens.lifetime - _MARGIN
        self._keeper.store(tokens)
        return tokens.access


ADVICE: Final = {
    "credentials-elsewhere": (
        "check mirror.vaultwarden.url in plana-secrets.toml; if the server has "
        "moved, change `url` in the credentials file, or run `plana-secrets login` "
        "again"
    ),
}
