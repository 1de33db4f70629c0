"""The three ways to a token: personal API key, password with a one-time code, refresh."""

from __future__ import annotations

import platform
import sys
import uuid
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import CredentialError, MalformedError
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import ApiKey
from plana_secrets.mirror.backends.vaultwarden.failures import (
    Answer,
    LoginExpiredError,
    read_failure,
)
from plana_secrets.mirror.backends.vaultwarden.kdf import (
    Kdf,
    checked_kdf,
    derive_master_key,
    login_hash,
    normalise_email,
)
from plana_secrets.mirror.backends.vaultwarden.models import (
    Prelogin,
    Token,
    TwoFactorChallenge,
    read_answer,
)
from plana_secrets.secret import Secret

_TOKEN: Final = "/identity/connect/token"  # noqa: S105 - a path
_AUTHENTICATOR: Final = "0"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login gives. ``lifetime`` in seconds from the answer."""

    access: Secret
    refresh: Secret | None
    lifetime: int


@dataclass(frozen=True, slots=True)
class Derivation:
    """How an account's master key is derived, as the server says and we accept."""

    kdf: Kdf
    salt: str


def ask_derivation(client: Client, email: str) -> Derivation:
    """What the server says about an account; for one that it does not know, too."""
    body = client.call(
        "POST",
        "/identity/accounts/prelogin",
        task="ask how the master key is derived",
        body={"email": normalise_email(email)},
        repeatable=True,
    )
    answer = read_answer(body, Prelogin, "the key derivation")
    return Derivation(
        checked_kdf(answer.kdf, answer.kdf_iterations, answer.kdf_memory, answer.kdf_parallelism),
        answer.salt or normalise_email(email),
    )


def login_by_api_key(client: Client, api_key: ApiKey, email: str) -> Tokens:
    """A login that needs no second factor and works where single sign-on is the rule."""
    fields = {
        "grant_type": "client_credentials",
        "scope": "api",
        "client_id": api_key.client_id,
        "client_secret": api_key.client_secret.reveal_text(),
        **_device(client.url, email, ""),
    }
    try:
        return _login(client, fields)
    except LoginExpiredError:  # the same answer as to a stored login, and there is none here
        raise CredentialError("the server refuses the API key", kind="api-key-refused") from None


def login_by_password(
    client: Client, email: str, password: Secret, *, code: str | None = None
) -> Tokens:
    """A person's login. The hash that is sent is derived within our bounds only.

    Raises:
        CredentialError: ``totp-required`` where a code is asked for and none was given.
    """
    derivation = ask_derivation(client, email)
    master_key = derive_master_key(password, derivation.salt, derivation.kdf)
    fields = {
        "grant_type": "password",
        "scope": "api offline_access",
        "client_id": "cli",
        "username": normalise_email(email),
        "password": login_hash(master_key, password).reveal_text(),
        **_device(client.url, email, platform.node()),
    }
    if code is not None:
        fields |= {"two_factor_provider": _AUTHENTICATOR, "two_factor_token": code}
    return _login(client, fields)


def login_by_refresh(client: Client, refresh_token: Secret) -> Tokens:
    """Go on with an earlier login by password; not limited in number."""
    tokens = _login(
        client, {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal_text()}
    )
    kept = refresh_token if tokens.refresh is None else tokens.refresh
    return Tokens(tokens.access, kept, tokens.lifetime)


def _login(client: Client, fields: dict[str, str]) -> Tokens:
    answer = client.post_form(_TOKEN, fields, task="log in")
    if answer.status != 200:
        raise _refused(answer)
    token = read_answer(answer.body, Token, "the login")
    for text in (token.access_token, token.refresh_token or "x"):
        if not text.isascii() or not text.isprintable() or not text:
            raise MalformedError("the server's login has no token", kind="bad-answer")
    return Tokens(
        access=Secret.from_text(token.access_token),
        refresh=None if token.refresh_token is None else Secret.from_text(token.refresh_token),
        lifetime=token.expires_in,
    )


def _refused(answer: Answer) -> Exception:
    try:
        challenge = read_answer(answer.body, TwoFactorChallenge, "the second factor")
    except MalformedError:
        challenge = TwoFactorChallenge()
    providers = [str(provider) for provider in challenge.providers]
    if answer.status == 400 and providers and _AUTHENTICATOR not in providers:
        return CredentialError(
            "the account's second factor is not an authenticator app: cannot log in",
            kind="two-factor-unsupported",
        )
    return read_failure(answer, task="log in", login=True)


def _device(url: str, email: str, machine: str) -> dict[str, str]:
    """The same device at every login: each new one stays in the server's list forever.

    A login by password counts the machine in, so that two machines of one person keep
    apart; jobs that log in by API key start on a fresh machine each time.
    """
    name = f"plana-secrets {url} {normalise_email(email)} {machine}"
    return {
        "device_identifier": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "device_name": "plana-secrets",
        "device_type": "24" if sys.platform == "darwin" else "25",
    }


ADVICE: Final = {
    "two-factor-unsupported": "use a personal API key: `plana-secrets login --api-key`",
}
