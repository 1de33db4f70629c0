"""HTTP to one server: the only module that opens a connection.

Nothing is retried that may have been done: only reading calls are repeated when their
answer is lost, others only when nothing was sent or the server said 429. Redirects are
not followed, since they would carry the credentials elsewhere. TLS is verified; plain
http is for a server on this machine.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from plana_secrets import __version__, limits
from plana_secrets.errors import FailedError, MalformedError, UnavailableError
from plana_secrets.mirror.address import checked_url, is_loopback
from plana_secrets.mirror.backends.vaultwarden.failures import Answer, read_failure
from plana_secrets.mirror.backends.vaultwarden.pool import open_pool
from plana_secrets.observability import Event, Observer, silent
from plana_secrets.secret import Secret

CONNECTIONS: Final = 8
"""At the same time; more gain nothing, and a small server has to breathe."""

CONNECT_DEADLINE: Final = 10.0
ANSWER_DEADLINE: Final = 300.0
"""An import of thousands of items keeps a small server busy for a while."""

_CHUNK: Final = 1 << 18

_HEADERS: Final = {
    "Accept": "application/json",
    "User-Agent": f"plana-secrets/{__version__}",
    "Bitwarden-Client-Name": "cli",
    "Bitwarden-Client-Version": "2026.6.0",
    "Device-Type": "25",
}


class LostAnswerError(UnavailableError):
    """The request may or may not have been done: look before trying again."""

    default_kind = "no-answer"


class Client:
    """A pool of connections to the server at ``url``."""

    def __init__(
        self, url: str, *, ca_file: Path | None = None, observer: Observer = silent
    ) -> None:
        self.url = checked_url(url)
        self.requests = 0
        self._counting = Lock()
        self._observer = observer
        self._pool = open_pool(
            self.url,
            is_local=is_loopback(self.url),
            headers=dict(_HEADERS),
            ssl_context=_tls_context(ca_file) if self.url.startswith("https:") else None,
            timeout=urllib3.Timeout(connect=CONNECT_DEADLINE, read=ANSWER_DEADLINE),
            maxsize=CONNECTIONS,
        )

    def get(self, path: str, *, task: str, token: Secret | None = None) -> bytes:
        """Read; repeated on trouble."""
        return self.call("GET", path, task=task, token=token, repeatable=True)

    def post_form(self, path: str, fields: Mapping[str, str], *, task: str) -> Answer:
        """Send a login. The answer is returned whatever its status."""
        body = urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._exchange("POST", path, task=task, body=body, headers=headers, retry=_ONCE)

    def call(
        self,
        method: str,
        path: str,
        *,
        task: str,
        token: Secret | None = None,
        body: object = None,
        repeatable: bool = False,
    ) -> bytes:
        """Send JSON and return the body of a success.

        Raises:
            LostAnswerError: it may have been done.
            PlanaSecretsError: it was refused; see ``failures``.
        """
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if content is None else {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal_text()}"
        retry = _REPEATED if repeatable else _CAREFUL
        answer = self._exchange(method, path, task=task, body=content, headers=headers, retry=retry)
        if 200 <= answer.status < 300:
            return answer.body
        if answer.status >= 500 and not repeatable:
            raise LostAnswerError(
                f"the server answered with status {answer.status}: cannot {task}",
                kind="server-error",
                status=answer.status,
            )
        raise read_failure(answer, task=task)

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        task: str,
        body: bytes | None,
        headers: Mapping[str, str],
        retry: urllib3.Retry,
    ) -> Answer:
        self._count(1)
        try:
            response = self._pool.request(
                method,
                self.url + path,
                body=body,
                headers=_HEADERS | dict(headers),
                retries=retry,
                redirect=False,
                preload_content=False,
            )
            answer = Answer(response.status, _read_body(response))
            response.release_conn()
        except HTTPError as error:
            raise _no_answer(error, task) from None
        if response.retries is not None:
            self._count(len(response.retries.history))
        self._observer(
            Event(
                "http-request",
                {"method": method, "path": path.partition("?")[0], "status": answer.status},
            )
        )
        return answer

    def _count(self, number: int) -> None:
        with self._counting:
            self.requests += number


class _Retry(urllib3.Retry):
    """A ``Retry-After`` that cannot be read, or is beyond every calendar, is as none."""

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        try:
            return super().get_retry_after(response)
        except (HTTPError, ValueError, OverflowError):
            return None


_ONCE: Final = _Retry(total=2, connect=2, read=0, other=0, status=0, redirect=0)
_CAREFUL: Final = _Retry(
    total=4,
    connect=2,
    read=0,
    other=0,
    status=3,
    redirect=0,
    allowed_methods=None,
    status_forcelist={429},
    backoff_factor=0.25,
    backoff_jitter=0.5,
    raise_on_status=False,
    retry_after_max=60,
)
_REPEATED: Final = _Retry(
    total=4,
    connect=2,
    read=2,
    other=0,
    status=3,
    redirect=0,
    allowed_methods=None,
    status_forcelist={429, 500, 502, 503, 504},
    backoff_factor=0.25,
    backoff_jitter=0.5,
    raise_on_status=False,
    retry_after_max=60,
)


def _read_body(response: urllib3.BaseHTTPResponse) -> bytes:
    """The body, within a limit of size and time: a slow drip never reaches a read deadline.

    Taken as it comes, since a read of so many bytes would wait for the last of them; and
    not unpacked, since we accept nothing that is packed.
    """
    end = time.monotonic() + ANSWER_DEADLINE
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK, decode_content=False):
        size += len(part)
        parts.append(part)
        if size > limits.SERVER_ANSWER:
            response.close()
            raise MalformedError("the server's answer is incomplete", kind="bad-answer")
        if time.monotonic() > end:
            response.close()
            raise LostAnswerError("the server's answer takes too long")
    return b"".join(parts)


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise FailedError(
            f"not a certificate file: {ca_file}", kind="bad-ca-file", file=str(ca_file)
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _no_answer(error: HTTPError, task: str) -> UnavailableError:
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, SSLError):
        return UnavailableError(
            f"no secure connection to the server: cannot {task}", kind="tls-refused", retry=False
        )
    if isinstance(reason, ProxyError):
        return UnavailableError(
            f"the proxy refused the connection: cannot {task}", kind="proxy", retry=False
        )
    if isinstance(reason, NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
        return UnavailableError(f"the server cannot be reached: cannot {task}", kind="unreachable")
    return LostAnswerError(f"the server did not answer: cannot {task}")


ADVICE: Final = {
    "bad-ca-file": "mirror.vaultwarden.ca_file must be a PEM file",
    "no-answer": "try again; nothing is done twice",
    "proxy": "check HTTPS_PROXY, or add the server to NO_PROXY",
    "tls-refused": "check the address, or set your CA in mirror.vaultwarden.ca_file",
    "unreachable": "check mirror.vaultwarden.url and the network, and try again",
}
