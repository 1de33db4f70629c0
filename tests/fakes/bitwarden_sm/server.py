"""HTTPS on a free port of this machine, and what can go wrong with it on purpose."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.bitwarden_sm.store import Account, Store
from tests.fakes.tls import make_certificates

Reply = tuple[int, object]
NOT_FOUND: Reply = (404, {"message": "Resource not found.", "object": "error"})


@dataclass(frozen=True)
class Fault:
    """What happens to one request. ``status`` None: the connection breaks.

    ``done``: the request is carried out first, only its answer is lost.
    """

    status: int | None = None
    body: bytes = b""
    content_type: str = "application/json"
    delay: float = 0.0
    done: bool = False


class FakeBitwarden:
    """``before`` sees method and path of every request and may return a fault."""

    def __init__(self, folder: Path) -> None:
        self.store = Store()
        self.seen: list[str] = []
        self.before: Callable[[str, str], Fault | None] = lambda _method, _path: None
        self.ca_file, pair = make_certificates(folder)
        self._lock = threading.Lock()
        fake = self

        class Handler(_Handler):
            server_of = fake

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        self._http.socket = context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._http.server_address[1]}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"

    @property
    def identity_url(self) -> str:
        return f"{self.url}/identity"

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fail(self, number: int, fault: Fault, *, method: str = "", path: str = "") -> None:
        """Apply the fault to the n-th request (from 1) that fits, and to no other."""
        count = 0

        def before(seen_method: str, seen_path: str) -> Fault | None:
            nonlocal count
            if seen_method.startswith(method) and seen_path.startswith(path):
                count += 1
                return fault if count == number else None
            return None

        self.before = before

    def handle(self, method: str, target: str, bearer: str, body: bytes) -> Fault:
        path = urlsplit(target).path
        with self._lock:
            self.seen.append(f"{method} {path}")
            fault = self.before(method, path)
            if fault is None or fault.done:
                status, content = self._serve(method, path, bearer, body)
        if fault is None:
            return Fault(status, json.dumps(content).encode())
        time.sleep(fault.delay)
        return fault

    def _serve(self, method: str, path: str, bearer: str, body: bytes) -> Reply:
        if path == "/identity/connect/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            answer = self.store.log_in(form["client_id"], form["client_secret"])
            return (200, answer) if answer else (400, {"error": "invalid_client"})
        account = self.store.account_of(bearer)
        if account is None:
            return 401, ""
        content = json.loads(body) if body else None
        return self._route(method, path.removeprefix("/api/"), account, content)

    def _route(self, method: str, path: str, account: Account, content: Any) -> Reply:
        store = self.store
        organization = f"organizations/{store.organization}"
        if (method, path) == ("GET", f"{organization}/projects"):
            return 200, self._projects(account)
        if (method, path) == ("GET", f"{organization}/secrets/sync"):
            visible = store.visible(account)
            return 200, {"hasChanges": True, "secrets": {"data": visible}}
        if (method, path) == ("POST", f"{organization}/secrets"):
            return self._put(account, None, content)
        if (method, path) == ("POST", "secrets/get-by-ids"):
            visible = {one["id"]: one for one in store.visible(account)}
            if any(one not in visible for one in content["ids"]):
                return NOT_FOUND
            return 200, {"data": [visible[one] for one in content["ids"]]}
        if (method, path) == ("POST", "secrets/delete"):
            return 200, {"data": [self._delete(account, one) for one in content]}
        if method == "PUT" and path.startswith("secrets/"):
            secret_id = path.removeprefix("secrets/")
            if not store.may_write(account, secret_id):
                return NOT_FOUND
            return self._put(account, secret_id, content)
        return NOT_FOUND

    def _projects(self, account: Account) -> object:
        now = self.store.now()
        return {
            "data": [
                {
                    "id": one,
                    "organizationId": self.store.organization,
                    "name": self.store.projects[one],
                    "creationDate": now,
                    "revisionDate": now,
                }
                for one in account.projects
            ]
        }

    def _put(self, account: Account, secret_id: str | None, content: Any) -> Reply:
        projects = content["projectIds"] or ()
        if len(projects) != 1 or not account.projects.get(projects[0], False):
            return NOT_FOUND
        return 200, self.store.put(secret_id, content)

    def _delete(self, account: Account, secret_id: str) -> object:
        if not self.store.may_write(account, secret_id):
            return {"id": secret_id, "error": "access denied"}
        del self.store.secrets[secret_id]
        return {"id": secret_id, "error": None}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server_of: FakeBitwarden

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        bearer = self.headers.get("Authorization", "").rpartition("Bearer ")[2]
        answer = self.server_of.handle(self.command, self.path, bearer, body)
        if answer.status is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names of the base

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base
        pass
