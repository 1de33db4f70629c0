"""Starts the Node.js service of this folder, with its packages from a cache."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


def node_modules() -> Path:
    """Where fastify and @fastify/jwt are installed; installed here where scripts/test was not run.

    ``PLANA_TEST_NODE_MODULES`` names them outright; ``PLANA_TEST_CACHE`` is the folder that
    scripts/test keeps between runs.
    """
    named = os.environ.get("PLANA_TEST_NODE_MODULES")
    if named:
        return Path(named)
    cache = os.environ.get("PLANA_TEST_CACHE") or HERE.parents[1] / ".cache"
    folder = Path(cache) / "services"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other worker waits here for the first
        if not (folder / "node_modules" / "fastify").is_dir():
            _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    shutil.copy(HERE / "package.json", folder)
    subprocess.run(
        ["npm", "install", "--silent", "--no-package-lock", "--no-audit", "--no-fund",
         "--ignore-scripts", "--prefix", str(folder)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip


@dataclass(frozen=True)
class NodeService:
    port: int

    def accepts(self, token: str) -> bool:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/me", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status == 200
        except urllib.error.HTTPError as refusal:
            if refusal.code != 401:
                raise
            return False

    def sign(self) -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/sign", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()


@contextlib.contextmanager
def node_service(mode: str, file: Path) -> Iterator[NodeService]:
    """``mode``: ``keyset`` or ``raw``; the service reads ``file``."""
    environment = {"PATH": os.environ["PATH"], "PLANA_TEST_NODE_MODULES": str(node_modules())}
    with subprocess.Popen(
        ["node", str(HERE / "service.js"), mode, str(file)],
        stdout=subprocess.PIPE, env=environment, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield NodeService(int(process.stdout.readline()))
        finally:
            process.kill()
