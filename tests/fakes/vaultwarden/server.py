"""HTTP on a free port of this machine, and what can go wrong with it on purpose."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

from tests.fakes.vaultwarden import accounts, ciphers, organizations  # noqa: F401 - they register
from tests.fakes.vaultwarden.store import Store
from tests.fakes.vaultwarden.wire import Answer, Request, dispatch


@dataclass(frozen=True)
class Fault:
    """What happens to one request: nothing is done, or it is done and the answer is lost.

    ``answer``: what is said in place of the server's own answer.
    """

    done: bool = False
    answer: Answer | None = None


class FakeVaultwarden:
    """``before`` sees every request and may return a fault; ``after`` sees it once done."""

    def __init__(self) -> None:
        self.store = Store()
        self.seen: list[str] = []
        self.before: Callable[[Request], Fault | None] = lambda _: None
        self.after: Callable[[Request], None] = lambda _: None
        self._lock = threading.Lock()
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; after a stop again on the same port and with the same data."""
        fake = self

        class Handler(_Handler):
            server_of = fake

        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._http.daemon_threads = True
        self._port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fail(self, number: int, fault: Fault, *, method: str = "", path: str = "") -> None:
        """Apply the fault to the n-th request (from 1) that fits, once."""
        count = 0

        def before(request: Request) -> Fault | None:
            nonlocal count
            if request.method.startswith(method) and request.path.startswith(path):
                count += 1
                return fault if count == number else None
            return None

        self.before = before

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """No request is served while the block runs."""
        with self._lock:
            yield

    def serve(self, request: Request) -> Answer:
        return dispatch(request)

    def handle(self, request: Request) -> Answer | None:
        """The answer; None: the connection breaks."""
        with self._lock:
            self.seen.append(f"{request.method} {request.path}")
            fault = self.before(request)
            if fault is not None and not fault.done:
                return fault.answer
            answer = self.serve(request)
            self.after(request)
            return answer if fault is None else fault.answer


class Relay(FakeVaultwarden):
    """Stands before a real server: every request passes, unless a fault says otherwise."""

    def __init__(self, url: str) -> None:
        self.target = url
        self._pool = urllib3.PoolManager(retries=False)
        super().__init__()

    def serve(self, request: Request) -> Answer:
        names = ("accept", "authorization", "content-type", "bitwarden-client-version")
        sent = {name: request.headers[name] for name in names if name in request.headers}
        answer = self._pool.request(
            request.method, self.target + request.target, body=request.body, headers=sent
        )
        return Answer(answer.status, answer.data, answer.headers.get("Content-Type", ""))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server_of: FakeVaultwarden

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        request = Request(self.command, self.path, headers, body, self.server_of.store)
        answer = self.server_of.handle(request)
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        with contextlib.suppress(ConnectionError):  # of a client that was killed
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names of the base

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base
        pass
