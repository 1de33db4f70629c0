"""A real Vaultwarden server in a folder of its own, on a free port of this machine.

``PLANA_TEST_VAULTWARDEN`` names its executable; without it nothing here is used.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

EXECUTABLE = os.environ.get("PLANA_TEST_VAULTWARDEN")
LESS_ROOM = "".join(
    f"CREATE TRIGGER limit_{when} BEFORE {when} ON ciphers "
    "WHEN length(NEW.fields) > ROOM "
    "BEGIN SELECT RAISE(ABORT, 'Data too long for column'); END;"
    for when in ("INSERT", "UPDATE")
)
CUT_OFF = "".join(
    f"CREATE TRIGGER cut_{when} AFTER {when} ON ciphers "
    "WHEN length(NEW.fields) > ROOM "
    "BEGIN UPDATE ciphers SET fields = substr(fields, 1, ROOM) WHERE uuid = NEW.uuid; END;"
    for when in ("INSERT", "UPDATE")
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used so far; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class RealServer:
    """Started at once; ``kill`` and ``start`` again keep the folder, as a restart does."""

    def __init__(
        self, folder: Path, *, tls: tuple[Path, Path] | None = None, **settings: str
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.tls = tls
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir(parents=True)
        self.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "data" / "db.sqlite3"

    def limit_fields(self, room: int, *, strict: bool = True) -> None:
        """From now on as with MariaDB, whose text columns hold 65,535 bytes; here by triggers.

        MariaDB refuses what is longer, or, if it is not ``strict``, cuts it off.
        """
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.executescript((LESS_ROOM if strict else CUT_OFF).replace("ROOM", str(room)))

    def start(self) -> None:
        environment = {
            "DATA_FOLDER": str(self.folder / "data"),
            "DOMAIN": self.url,
            "ROCKET_ADDRESS": "127.0.0.1",
            "ROCKET_PORT": str(self.port),
            "ROCKET_WORKERS": "2",
            "WEB_VAULT_ENABLED": "false",
            "LOGIN_RATELIMIT_SECONDS": "1",
            "LOGIN_RATELIMIT_MAX_BURST": "1000000",
            "UNAUTHENTICATED_RATELIMIT_SECONDS": "1",
            "UNAUTHENTICATED_RATELIMIT_MAX_BURST": "1000000",
            "PASSWORD_ITERATIONS": "100000",
            "DISABLE_ICON_DOWNLOAD": "true",
            "ENABLE_WEBSOCKET": "false",
            "ORG_GROUPS_ENABLED": "true",
            "LOG_LEVEL": "warn",
        } | self.settings
        if self.tls:
            environment["ROCKET_TLS"] = f'{{certs="{self.tls[0]}",key="{self.tls[1]}"}}'
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(EXECUTABLE)], env=environment, cwd=self.folder, stdout=log, stderr=log
            )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    break
            except OSError:
                assert self.process is not None
                assert self.process.poll() is None, self.log
                time.sleep(0.05)
        if not self.tls:
            with urllib.request.urlopen(f"{self.url}/alive", timeout=10) as answer:
                assert answer.status == 200

    @property
    def cpu(self) -> float:
        """Seconds of CPU that the server has used so far."""
        assert self.process is not None
        return cpu_of(self.process.pid)

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def kill(self) -> None:
        """As kill -9, or a power cut."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    stop = kill
