"""A consumer as a running process, and requests to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path

from tests.consumers.kubelet import Mount
from tests.consumers.projects import packages


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Pod:
    """``name`` is what the load reports; ``project`` was copied, and may have a mistake."""

    name: str
    language: str
    project: Path
    mount: Mount
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=_free_port)
    _local: threading.local = field(default_factory=threading.local)
    _connections: list[http.client.HTTPConnection] = field(default_factory=list)

    def command(self) -> list[str]:
        if self.language == "node":
            return ["node", "app.js"]
        uvicorn = packages(self.project) / "venv/bin/uvicorn"
        return [str(uvicorn), "app:app", "--port", str(self.port), "--log-level", "critical"]

    def ask(self, method: str, path: str, **headers: str) -> Answer:
        """One request, over a connection that each thread keeps; a server may close an idle one."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.suppress(http.client.HTTPException, OSError):
            return self._ask(method, path, names)
        return self._ask(method, path, names)

    def _ask(self, method: str, path: str, names: Mapping[str, str]) -> Answer:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            self._local.connection = connection
            self._connections.append(connection)
        try:
            connection.request(method, path, headers=dict(names))
            answer = connection.getresponse()
            body = answer.read().decode()
        except (http.client.HTTPException, OSError):
            connection.close()
            raise
        cookies: SimpleCookie = SimpleCookie()
        for line in answer.headers.get_all("set-cookie") or ():
            cookies.load(line)
        return Answer(answer.status, body, cookies)

    def close(self) -> None:
        """Every connection of every thread."""
        for one in self._connections:
            one.close()


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    cookies: SimpleCookie


@contextlib.contextmanager
def running(pods: Sequence[Pod], provider: Mapping[str, str]) -> Iterator[None]:
    """All of them, until the end. ``provider``: by language, the address that it calls."""
    with contextlib.ExitStack() as stack:
        for pod in pods:
            environment = {
                "PATH": os.environ["PATH"],
                "KEYS": str(pod.mount.folder),
                "PORT": str(pod.port),
                "HOST": "127.0.0.1",
                "PROVIDER": provider[pod.language],
                **pod.settings,
            }
            process = stack.enter_context(
                subprocess.Popen(pod.command(), cwd=pod.project, env=environment)
            )
            stack.callback(process.kill)
            stack.callback(pod.close)
        for pod in pods:
            _wait_for(pod)
        yield


def _wait_for(pod: Pod) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            if pod.ask("GET", "/internal/keyset").status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"{pod.name} does not start")
