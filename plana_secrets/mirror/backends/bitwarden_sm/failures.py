"""What a failed call means, in our words; the worker sends nothing but a word of its list."""

from __future__ import annotations

from typing import Final

from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UnavailableError,
    UsageError,
)
from plana_secrets.mirror.itemerrors import NotWritableError


class ServerFailedError(UnavailableError):
    """The server answered with a failure of its own."""

    default_kind = "bitwarden-failed"


EXTRA: Final = "bitwarden-sm"
"""The name of the extra that installs the SDK."""

_LOGIN_REFUSED: Final = frozenset({"refused", "forbidden", "rejected", "bad-token"})

_ERRORS: Final[dict[str, tuple[type[PlanaSecretsError], str, str]]] = {
    "not-installed": (
        UsageError,
        "no-sdk",
        "a bitwarden-sm mirror needs the package bitwarden-sdk",
    ),
    "bad-token": (CredentialError, "token-refused", "the access token is not valid"),
    "refused": (CredentialError, "token-refused", "the access token was revoked or has expired"),
    "forbidden": (NotWritableError, "project-read-only", "the machine account may not do this"),
    "not-found": (
        NotWritableError,
        "project-read-only",
        "the machine account cannot read or write there",
    ),
    "wrong-organization": (
        UsageError,
        "unknown-organization",
        "the access token belongs to another organization",
    ),
    "too-many": (UnavailableError, "rate-limited", "the server accepts no more requests for now"),
    "server": (ServerFailedError, ServerFailedError.default_kind, "the server failed"),
    "unreachable": (
        UnavailableError,
        "bitwarden-unreachable",
        "the server cannot be reached, or its certificate is not trusted",
    ),
    "untrusted": (UsageError, "no-certificates", "the trusted certificates cannot be read"),
    "not-bitwarden": (
        MalformedError,
        "not-bitwarden",
        "the answer is not one of Bitwarden Secrets Manager",
    ),
    "rejected": (FailedError, "bitwarden-refuses", "the server refuses the request"),
}


def read_failure(word: str, *, task: str, login: bool = False) -> PlanaSecretsError:
    """The error for a word of ``worker.FAILURES``; ``task`` says what was tried."""
    if login and word in _LOGIN_REFUSED:
        word = "bad-token"
    unclear = (FailedError, "sdk-failed", "bitwarden-sdk failed for an unknown reason")
    error, kind, message = _ERRORS.get(word, unclear)
    return error(f"{message}: cannot {task}", kind=kind)


ADVICE: Final = {
    "bitwarden-failed": "try again later; status.bitwarden.com shows outages",
    "bitwarden-refuses": "check the machine account and its projects in the web app",
    "project-read-only": "let the machine account read and write the project in the web app",
    "no-certificates": "check mirror.bitwarden-sm.ca_file, or install the CA certificates",
    "no-sdk": (
        f"`pip install 'plana-secrets[{EXTRA}]'` in the environment of plana-secrets, or "
        "`pipx inject plana-secrets bitwarden-sdk`"
    ),
    "not-bitwarden": "check mirror.bitwarden-sm.api_url and identity_url",
    "rate-limited": "wait a minute, then run it again",
    "sdk-failed": "run it again; check `pip show bitwarden-sdk`: 2.1 was tried",
    "bitwarden-unreachable": (
        "check the network and mirror.bitwarden-sm.api_url; for a CA of your own set "
        "mirror.bitwarden-sm.ca_file"
    ),
    "token-refused": (
        "create a new access token for the machine account, then run `plana-secrets login`"
    ),
    "unknown-organization": "set mirror.bitwarden-sm.organization to the id in the web app's URL",
}
