"""HTTP to one server: the only module that opens a connection.

Nothing is retried that may have been done: only reading calls are repeated when their
answer is lost, others only when nothing was sent or the server said 429. Redirects are
not followed, since they would carry the credentials elsewhere. TLS is verified; plain
http is for a server on this machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Lock, Timer
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from plana_secrets import __version__
from plana_secrets.errors import UnavailableError
from plana_secrets.mirror.address import checked_url, is_loopback
from plana_secrets.mirror.backends.vaultwarden.answers import LostAnswerError, read_body
from plana_secrets.mirror.backends.vaultwarden.failures import (
    Answer,
    Caller,
    find_guard,
    read_failure,
)
from plana_secrets.mirror.backends.vaultwarden.pool import open_pool
from plana_secrets.mirror.backends.vaultwarden.tls import tls_context, tls_error
from plana_secrets.observability import WAITING, Event, Observer, silent
from plana_secrets.secret import Secret

CONNECTIONS: Final = 8
"""At the same time; more gain nothing, and a small server has to breathe."""

CONNECT_DEADLINE: Final = 10.0
ANSWER_DEADLINE: Final = 30.0
"""Seconds without a word of an answer."""

WHOLE_DEADLINE: Final = 180.0
"""Seconds for all of an answer that comes slowly, such as the list of thousands of items."""

WAITING_AFTER: Final = 4.0
"""Seconds after which people are told what is waited for."""

BUSY_PAUSE: Final = 8.0
"""Seconds before the first repetition where a busy server names no time; then twice that,
and twice that again: about a minute in all."""

_HEADERS: Final = {
    "Accept": "application/json",
    "User-Agent": f"plana-secrets/{__version__}",
    "Bitwarden-Client-Name": "cli",
    "Bitwarden-Client-Version": "2026.6.0",
    "Device-Type": "25",
}


class Client:
    """A pool of connections to the server at ``url``."""

    def __init__(
        self, url: str, *, ca_file: Path | None = None, observer: Observer = silent
    ) -> None:
        self.url = checked_url(url)
        self.requests = 0
        self.server_time: datetime | None = None
        """As the server said in its last answer; None where it does not say."""
        self._was_there = False
        self._counting = Lock()
        self._observer = observer
        self._pool = open_pool(
            self.url,
            is_local=is_loopback(self.url),
            headers=dict(_HEADERS),
            ssl_context=tls_context(ca_file) if self.url.startswith("https:") else None,
            timeout=urllib3.Timeout(connect=CONNECT_DEADLINE, read=ANSWER_DEADLINE),
            maxsize=CONNECTIONS,
        )

    def get(self, path: str, *, task: str, token: Secret | None = None) -> bytes:
        """Read; repeated on trouble."""
        return self.call("GET", path, task=task, token=token, repeatable=True)

    def post_form(self, path: str, fields: Mapping[str, str], *, task: str) -> Answer:
        """Send a login. Vaultwarden's answer is returned whatever its status."""
        body = urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._exchange("POST", path, task=task, body=body, headers=headers, retry=_ONCE)
        self._check_guard(answer, task=task, caller="login", is_plain=True)
        return answer

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
        caller: Caller = "stranger" if token is None else "account"
        self._check_guard(answer, task=task, caller=caller, is_plain=content is None)
        if 200 <= answer.status < 300:
            return answer.body
        if answer.status >= 500 and not repeatable:
            raise LostAnswerError(
                f"the server answered with status {answer.status}: cannot {task}",
                kind="server-error",
                status=answer.status,
            )
        raise read_failure(answer, task=task)

    def _check_guard(self, answer: Answer, *, task: str, caller: Caller, is_plain: bool) -> None:
        """
        Raises:
            UnavailableError: another service answers (kind ``guarded-server``).
            UsageError: the server is at another address (kind ``server-redirects``).
        """
        was_there = self._was_there
        guard = find_guard(answer, task=task, caller=caller, is_plain=is_plain, was_there=was_there)
        if guard is not None:
            raise guard
        self._was_there = was_there or answer.status < 300

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
            with self._telling(task):
                response = self._pool.request(
                    method,
                    self.url + path,
                    body=body,
                    headers=_HEADERS | dict(headers),
                    retries=retry,
                    redirect=False,
                    preload_content=False,
                )
                content = read_body(response, deadline=WHOLE_DEADLINE)
                answer = Answer(response.status, content, self._has_moved(response, path))
            response.release_conn()
        except HTTPError as error:
            raise _no_answer(error, task) from None
        if response.retries is not None:
            self._count(len(response.retries.history))
        self.server_time = _date_of(response)
        self._observer(
            Event(
                "http-request",
                {"method": method, "path": path.partition("?")[0], "status": answer.status},
            )
        )
        return answer

    def _has_moved(self, response: urllib3.BaseHTTPResponse, path: str) -> bool:
        """Whether it redirects this very call, not to a page where people log in."""
        try:
            there = urlsplit(response.headers.get("Location", "")).path
        except ValueError:
            return False
        return there.rstrip("/") == urlsplit(self.url + path).path

    @contextmanager
    def _telling(self, task: str) -> Iterator[None]:
        """Tell the observer if the block lasts."""
        timer = Timer(WAITING_AFTER, self._observer, [Event(WAITING, {"task": task})])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _count(self, number: int) -> None:
        with self._counting:
            self.requests += number


def _date_of(response: urllib3.BaseHTTPResponse) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Retry(urllib3.Retry):
    """A ``Retry-After`` that cannot be read, or is beyond every calendar, is as none."""

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        """A busy server that names no time gets more of it than one that failed."""
        is_busy = response is not None and response.status == 429
        if response is not None and is_busy and self.get_retry_after(response) is None:
            time.sleep(BUSY_PAUSE * 2 ** (len(self.history) - 1))
        else:
            super().sleep(response)

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
    read=1,
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


def _no_answer(error: HTTPError, task: str) -> UnavailableError:
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, SSLError):
        return tls_error(reason, task=task)
    if isinstance(reason, ProxyError):
        return UnavailableError(
            f"the proxy refused the connection: cannot {task}", kind="proxy", retry=False
        )
    if isinstance(reason, NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
        return UnavailableError(f"the server cannot be reached: cannot {task}", kind="unreachable")
    return LostAnswerError(f"the server did not answer: cannot {task}")


ADVICE: Final = {
    "no-answer": "try again; nothing is done twice",
    "proxy": "check HTTPS_PROXY, or add the server to NO_PROXY",
    "unreachable": "check mirror.vaultwarden.url and the network, and try again",
}
