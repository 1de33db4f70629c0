"""Running the program on a terminal of its own, with somebody who answers."""

from __future__ import annotations

import os
import pty
import select
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.world import PROGRAM, World

PATIENCE = 30.0


@dataclass(frozen=True)
class Dialogue:
    """How it ended, and all that stood on the screen. ``echoed``: at a prompt, by its text."""

    status: int
    screen: str
    echoed: dict[str, bool]


def run_at_terminal(
    world: World,
    *argv: str,
    answers: Sequence[tuple[str, str]] = (),
    env: dict[str, str] | None = None,
) -> Dialogue:
    """Run plana-secrets; when a prompt of ``answers`` shows up, type what belongs to it."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(world.repo)
        os.execve(
            PROGRAM[0], [*PROGRAM, *argv], world.environment | {"TERM": "xterm"} | (env or {})
        )
    screen, start, echoed = b"", 0, {}
    for prompt, text in answers:
        screen = _read_until(terminal, screen, start, prompt.encode())
        start = len(screen)
        time.sleep(0.05)  # the prompt is written before the echo is switched off
        echoed[prompt] = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(terminal, text.encode())
    screen = _read_until(terminal, screen, start, None)
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Dialogue(status, screen.decode().replace("\r\n", "\n"), echoed)


def _read_until(terminal: int, screen: bytes, start: int, prompt: bytes | None) -> bytes:
    end = time.monotonic() + PATIENCE
    while prompt is None or prompt not in screen[start:]:
        readable, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert readable, f"nothing more after {screen!r}"
        try:
            more = os.read(terminal, 4096)
        except OSError:  # how the end of a terminal reads on Linux
            more = b""
        if not more:
            assert prompt is None, f"ended without the prompt: {screen!r}"
            return screen
        screen += more
    return screen
