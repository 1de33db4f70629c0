"""The SDK as typed calls, each with a deadline; it runs in ``worker``."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from plana_secrets.errors import MalformedError, UnavailableError
from plana_secrets.mirror.backends.bitwarden_sm.failures import read_failure
from plana_secrets.observability import Event, Observer, silent
from plana_secrets.process import Conversation, DeadlineError, ProgramError, minimal_environment
from plana_secrets.secret import Secret

DEADLINE: Final = 30.0
"""Seconds that one call may take."""

PAUSES: Final = (2, 4, 8, 16, 30)
"""Seconds to wait when the server accepts no more requests; a minute in all."""

_WORKER: Final = Path(__file__).with_name("worker.py")
_PROXIES: Final = ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE")

_Answer: TypeAlias = Any
"""The JSON of the worker; read at once into what has a type."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the organization is; ``ca_file``: trusted in place of the system's authorities."""

    api_url: str
    identity_url: str
    organization: str
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a secret says; ``project`` is an id, None for a secret in none."""

    key: str
    value: Secret
    note: str
    project: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A secret as the server has it. ``revision``: when it was last changed, as text."""

    id: str
    content: Content
    revision: str


class Client:
    """One login with one access token, made with the first call.

    Raises of every call: CredentialError, UnavailableError, UsageError, MalformedError,
    FailedError, with the kinds of ``failures``.
    """

    def __init__(
        self,
        address: Address,
        token: Secret,
        *,
        deadline: float = DEADLINE,
        sleep: Callable[[float], None] = time.sleep,
        observer: Observer = silent,
    ) -> None:
        self._address = address
        self._token = token
        self._deadline = deadline
        self._sleep = sleep
        self._observer = observer
        self._worker: Conversation | None = None
        self._can_restart = True
        self.requests = 0

    def list_projects(self) -> dict[str, str]:
        """The names of the projects that the account sees, by id."""
        return dict(self._read("list-projects", task="list the projects"))

    def list_secrets(self) -> tuple[Stored, ...]:
        """All that the account sees, in one request."""
        return tuple(map(_stored, self._read("list-secrets", task="read the secrets")))

    def read_secrets(self, ids: Sequence[str]) -> tuple[Stored, ...]:
        """These secrets as they are now; none if one of them is gone."""
        answer = self._ask("read-secrets", ids=list(ids))
        if answer.get("failure") == "not-found":
            return ()
        return tuple(map(_stored, _result(answer, task="read the secrets")))

    def create_secret(self, content: Content, *, task: str) -> Stored:
        return _stored(_result(self._ask("create-secret", **_sent(content)), task=task))

    def update_secret(self, secret_id: str, content: Content, *, task: str) -> Stored:
        answer = self._ask("update-secret", id=secret_id, **_sent(content))
        return _stored(_result(answer, task=task))

    def delete_secrets(self, ids: Sequence[str], *, task: str) -> tuple[str, ...]:
        """Delete them; the ids that the server did not delete."""
        return tuple(_result(self._ask("delete-secrets", ids=list(ids)), task=task))

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _read(self, call: str, *, task: str) -> _Answer:
        """A call that changes nothing: repeated once if the worker ended under it."""
        try:
            return _result(self._ask(call), task=task)
        except UnavailableError as error:
            if error.kind != "sdk-ended" or not self._can_restart:
                raise
            self._can_restart = False
            return _result(self._ask(call), task=task)

    def _ask(self, call: str, **request: object) -> dict[str, _Answer]:
        """Log in if need be, then call; waits where the server asks for it."""
        if self._worker is None:
            self._start()
        answer = self._exchange(call, request)
        for pause in PAUSES:
            if answer.get("failure") != "too-many":
                break
            self._observer(Event("mirror-waits", {"seconds": pause}))
            self._sleep(pause)
            answer = self._exchange(call, request)
        return answer

    def _start(self) -> None:
        environment = minimal_environment(
            **{name: os.environ[name] for name in _PROXIES if name in os.environ}
        )
        if self._address.ca_file is not None:
            environment["SSL_CERT_FILE"] = str(self._address.ca_file)
        self._worker = Conversation(
            [sys.executable, "-I", _WORKER, str(os.getpid())], environment=environment
        )
        request = {
            "api_url": self._address.api_url,
            "identity_url": self._address.identity_url,
            "organization": self._address.organization,
            "token": self._token.reveal_text(),
        }
        answer = self._exchange("log-in", request)
        if "failure" in answer:
            self.close()
        _result(answer, task="log in", login=True)

    def _exchange(self, call: str, request: Mapping[str, object]) -> dict[str, _Answer]:
        assert self._worker is not None  # noqa: S101
        self.requests += 1
        # The system ends the worker a second later, also when this process is gone.
        line = json.dumps({"call": call, "seconds": self._deadline + 1, **request})
        try:
            return dict(json.loads(self._worker.ask(line.encode(), deadline=self._deadline)))
        except DeadlineError:
            self._worker = None
            raise UnavailableError(
                f"the server did not answer within {self._deadline:g} s", kind="bitwarden-silent"
            ) from None
        except ProgramError:
            self._worker = None
            raise UnavailableError("bitwarden-sdk ended unexpectedly", kind="sdk-ended") from None
        except BaseException:
            self._worker = None  # the conversation has ended it
            raise


def _result(answer: dict[str, _Answer], *, task: str, login: bool = False) -> _Answer:
    if "failure" in answer:
        raise read_failure(answer["failure"], task=task, login=login)
    return answer["result"]


def _sent(content: Content) -> dict[str, object]:
    return {
        "key": content.key,
        "value": content.value.reveal_text(),
        "note": content.note,
        "project": content.project,
    }


def _stored(answer: _Answer) -> Stored:
    try:
        content = Content(
            key=answer["key"],
            value=Secret.from_text(answer["value"]),
            note=answer["note"],
            project=answer["project"],
        )
        return Stored(answer["id"], content, answer["revision"])
    except (KeyError, TypeError, AttributeError):
        raise MalformedError(
            "the answer is not one of Bitwarden Secrets Manager", kind="not-bitwarden"
        ) from None


ADVICE: Final = {
    "sdk-ended": "run it again",
    "bitwarden-silent": "check the network, then run it again",
}
