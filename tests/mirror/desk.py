"""A desktop session with a real keyring of the system, in which people log in."""

from __future__ import annotations

import shutil
from typing import Protocol

import pytest

from tests.age.keyring_session import _UNLOCK_THEN_RUN, run_with_keyring
from tests.cli.terminal import Dialogue, run_at_terminal
from tests.world import PROGRAM, World


class Office(Protocol):
    """Where there is a repository."""

    world: World


class Desk:
    """A desktop session in which the program is used at a terminal, or by a script."""

    def __init__(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self.office = office
        folder = office.world.folder
        session = [
            str(shutil.which("dbus-run-session")),
            "--",
            "sh",
            "-euc",
            _UNLOCK_THEN_RUN,
            "sh",
        ]
        monkeypatch.setattr("tests.cli.terminal.PROGRAM", [*session, *PROGRAM])
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def login(
        self, *argv: str, answers: list[tuple[str, str]], command: tuple[str, ...] = ("login",)
    ) -> Dialogue:
        typed = [(prompt, f"{text}\n") for prompt, text in answers]
        return run_at_terminal(
            self.office.world, *command, *argv, answers=typed, env=self.environment
        )

    def run(self, *argv: str) -> tuple[int, str]:
        done = run_with_keyring(
            self.office.world.folder,
            [*PROGRAM, *argv],
            environment=self.office.world.environment | self.environment,
            cwd=self.office.world.repo,
        )
        return done.returncode, (done.stdout + done.stderr).decode()
