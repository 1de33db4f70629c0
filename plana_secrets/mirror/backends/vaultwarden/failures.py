"""What the server's answers mean, in our words.

The server's own sentences are recognised, never repeated: they may come from a proxy or
from an impostor of the server. Two of its habits need care. A role that does not
suffice is answered with 401, the same as a token that is no longer good; and what is not
there, or not ours to write, with 400.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UnavailableError,
    UsageError,
)
from plana_secrets.mirror.itemerrors import ItemChangedError, ItemTooLargeError, NotWritableError


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``body`` may hold anything and is never shown.

    ``has_moved``: the same call is wanted at another address.
    """

    status: int
    body: bytes
    has_moved: bool = False

    def __repr__(self) -> str:
        return f"Answer({self.status})"


class CodeWantedError(CredentialError):
    """A login needs a one-time code."""

    default_kind = "totp-required"


class LoginExpiredError(CredentialError):
    """What was given in place of a password is no longer good."""

    default_kind = "login-expired"


class NotAllowedError(CredentialError):
    """A role that does not suffice, or a token that is over: the server tells them alike."""

    default_kind = "not-allowed"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One of the server's sentences, by a part of it, and what we make of it."""

    part: str
    error: type[PlanaSecretsError]
    kind: str
    message: str


_LOGIN: Final = (
    Meaning(
        "username or password is incorrect",
        CredentialError,
        "login-refused",
        "the server refuses the e-mail address or the master password",
    ),
    Meaning("user has been disabled", CredentialError, "login-disabled", "the account is disabled"),
    Meaning(
        "client_id", CredentialError, "api-key-refused", "the server does not know the client id"
    ),
    Meaning(
        "incorrect client_secret",
        CredentialError,
        "api-key-refused",
        "the server refuses the client secret of the API key",
    ),
    Meaning(
        "sso sign-in is required",
        CredentialError,
        "sso-only",
        "the server allows only single sign-on, not a login by master password",
    ),
    Meaning(
        "verify your email",
        CredentialError,
        "email-unverified",
        "the account's e-mail address has not been verified",
    ),
    Meaning(
        "invalid totp code",
        CredentialError,
        "totp-refused",
        "the server refuses the one-time code; each code is good once",
    ),
    Meaning(
        "two factor required",
        CodeWantedError,
        "totp-required",
        "the account asks for a one-time code",
    ),
    Meaning(
        "could not send login notification",
        UnavailableError,
        "login-mail",
        "the server cannot send the required email about the new device",
    ),
    Meaning(
        "invalid_grant",
        LoginExpiredError,
        LoginExpiredError.default_kind,
        "the server no longer accepts the stored login",
    ),
)

_CALLS: Final = (
    Meaning(
        "is out of date",
        ItemChangedError,
        "item-changed",
        "the item changed on the server since it was read",
    ),
    Meaning(
        "cipher doesn't exist", ItemChangedError, "item-gone", "the item is gone from the server"
    ),
    Meaning(
        "exceeds the maximum encrypted value length",
        ItemTooLargeError,
        "item-too-large",
        "the server refuses the item as too long",
    ),
    *(
        Meaning(part, NotWritableError, "mirror-read-only", "the account cannot write there")
        for part in (
            "not write accessible",
            "can't be deleted by user",
            "can't be restored by user",
            "no rights to modify the collection",
            "isn't allowed to manage this collection",
            "isn't allowed to create new collections",
            "collection cannot be changed",
            "don't have permission",
        )
    ),
)

_MEANINGS: Final = {"login": _LOGIN, "call": _CALLS}


def changed_item(file: str) -> ItemChangedError:
    """What we saw ourselves, before the server had to refuse it."""
    words = f"the item of {file} changed on the server since it was read"
    return ItemChangedError(words, file=file)


def read_failure(answer: Answer, *, task: str, login: bool = False) -> PlanaSecretsError:
    """The error for an answer that is not a success; ``task`` says what was tried."""
    if login and answer.status == 429:
        return UnavailableError(
            f"the server accepts no more logins for now: cannot {task}",
            kind="login-rate-limited",
            status=429,
        )
    texts = " | ".join(_texts(answer.body)).lower()
    for meaning in _MEANINGS["login" if login else "call"]:
        if answer.status < 500 and meaning.part in texts:
            return meaning.error(
                f"{meaning.message}: cannot {task}", kind=meaning.kind, status=answer.status
            )
    return _by_status(answer, task)


_STATUSES: Final = {
    401: (
        NotAllowedError,
        "not-allowed",
        "the account's role does not allow it, or the login has expired",
    ),
    404: (MalformedError, "not-vaultwarden", "not found on the server (status 404)"),
    413: (ItemTooLargeError, "item-too-large", "the server refuses the request as too large"),
}


def _by_status(answer: Answer, task: str) -> PlanaSecretsError:
    status = answer.status
    error: type[PlanaSecretsError]
    if status in _STATUSES:
        error, kind, message = _STATUSES[status]
    elif status in {408, 429} or status >= 500:
        error, kind = UnavailableError, "server-error"
        message = f"the server answered with status {status}"
    elif is_page(answer.body):
        error, kind = FailedError, "proxy-refuses"
        message = f"a proxy before the server refuses the request with status {status}"
    else:
        error, kind = MalformedError, "server-refuses"
        message = f"the server refuses the request with status {status}"
    return error(f"{message}: cannot {task}", kind=kind, status=status)


Caller = Literal["stranger", "login", "account"]
"""In whose name a call is sent; a login is a stranger's call that Vaultwarden may refuse."""


def find_guard(
    answer: Answer, *, task: str, caller: Caller, is_plain: bool, was_there: bool
) -> PlanaSecretsError | None:
    """The error for an answer that no Vaultwarden gives; None where it may have given it.

    ``is_plain``: nothing was sent that a proxy could refuse for its content. ``was_there``: a
    Vaultwarden has answered before in this run, so that it may do so again later.
    """
    status = answer.status
    if 300 <= status < 400 and answer.has_moved and not was_there:
        return UsageError(
            f"the server redirects to another address, which is not followed: cannot {task}",
            kind="server-redirects",
            status=status,
        )
    is_gone = was_there and status == 404 and not _is_object(answer.body)
    if not (is_gone or _is_guard(answer, caller, is_plain=is_plain)):
        return None
    return UnavailableError(
        f"another service answers in place of Vaultwarden (status {status}): cannot {task}",
        kind="guarded-server",
        retry=was_there,
        status=status,
    )


def _is_guard(answer: Answer, caller: Caller, *, is_plain: bool) -> bool:
    status, is_object = answer.status, _is_object(answer.body)
    if status in {401, 403} and caller == "stranger":
        return True
    if status == 403:
        return not is_object and (caller == "login" or (is_plain and is_page(answer.body)))
    if status == 401:
        return not is_object
    return 300 <= status < 400 or (status < 300 and is_page(answer.body))


_PAGE: Final = re.compile(rb"\s*<")


def is_page(body: bytes) -> bool:
    """Whether it is HTML: Vaultwarden answers our calls in JSON."""
    return _PAGE.match(body) is not None


def _is_object(body: bytes) -> bool:
    """Whether it is JSON, as every refusal of Vaultwarden is: to us, who ask for that."""
    return body.lstrip()[:1] == b"{"


def _texts(body: bytes) -> Iterator[str]:
    """The sentences of an error body, in whichever of its several forms it came."""
    try:
        content: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    if not isinstance(content, dict):
        return
    model = content.get("errorModel")
    candidates = [
        model.get("message") if isinstance(model, dict) else None,
        content.get("message"),
        content.get("error_description"),
        content.get("error"),
    ]
    yield from (text for text in candidates if isinstance(text, str))


ADVICE: Final = {
    "guarded-server": (
        "a login page before the server (Authelia, basic authentication, Cloudflare) has to let "
        "/api and /identity through; else check mirror.vaultwarden.url, and whether the server runs"
    ),
    "api-key-refused": (
        "find the key in the web vault under Security, Keys; put it into the credentials file, "
        "or run `plana-secrets login --api-key`"
    ),
    "email-unverified": "open the verification email from the server",
    "item-gone": "run it again: it reads the items again",
    "login-disabled": "ask an owner or the server's admin to enable the account",
    "login-expired": "run `plana-secrets login` again",
    "login-mail": "ask the server's admin to fix its email settings",
    "login-rate-limited": "wait a minute: the server limits logins to about one per minute",
    "login-refused": "check the email address and master password, then `plana-secrets login`",
    "not-allowed": "check the account's role; run `plana-secrets login` again if it was changed",
    "not-vaultwarden": "check mirror.vaultwarden.url, including its path",
    "proxy-refuses": (
        "look at the log of the proxy; if it refuses large requests, raise its limit "
        "(client_max_body_size in nginx) or split the file"
    ),
    "server-error": "try again; look at the server's log",
    "server-redirects": "set mirror.vaultwarden.url to the address that it redirects to",
    "server-refuses": "check the server's log; the server may be newer than this program supports",
    "sso-only": "a personal API key is accepted there: `plana-secrets login --api-key`",
    "totp-refused": "wait for the next code; check the clocks of both machines",
    "totp-required": "`plana-secrets login` asks for the code; for a job, use a personal API key",
}
