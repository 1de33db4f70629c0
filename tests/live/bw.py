"""The official command-line client as somebody else's client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.people import Person
from tests.live.node import module


@dataclass
class Bw:
    """One installation with a state of its own, logged in as a person."""

    folder: Path
    ca_file: Path
    session: str = ""

    def __post_init__(self) -> None:
        self.script = module("@bitwarden/cli") / "build" / "bw.js"
        self.folder.mkdir()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "BITWARDENCLI_APPDATA_DIR": str(self.folder),
            "NODE_EXTRA_CA_CERTS": str(self.ca_file),
            "BW_NOINTERACTION": "true",
            "BW_SESSION": self.session,
        }

    @property
    def program(self) -> list[str]:
        return [str(shutil.which("node")), str(self.script)]

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        """Without waiting for its end."""
        return subprocess.Popen(
            [*self.program, *argv], env=self.environment, stdout=subprocess.DEVNULL
        )

    def run(self, *argv: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.program, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment | env,
            timeout=180,
            check=False,
        )

    def login(self, url: str, person: Person) -> None:
        assert self.run("config", "server", url).returncode == 0
        done = self.run("login", person.email, "--passwordenv", "PW", "--raw", PW=person.password)
        assert done.returncode == 0, done.stderr
        self.session = done.stdout.strip()

    def items(self) -> list[dict[str, Any]]:
        done = self.run("list", "items")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))
