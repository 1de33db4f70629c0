"""The one gate to the terminal: stdout is data, stderr is talk.

Every text that comes from a file, from git or from a server passes ``safe`` on its way
out: control, bidirectional and line separator characters are written as escapes, and
the command marks of CI runners are broken. Colour is computed here, once, since click
honours neither NO_COLOR nor TERM=dumb.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from plana_secrets.cli.streams import tell
from plana_secrets.escape import safe, safe_line
from plana_secrets.observability import LOGIN_NOT_KEPT, WAITING, Event

__all__ = ["MASK", "Output", "safe", "safe_line"]

MASK: Final = "***"

_STYLES: Final = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}


class Output:
    """Where a command writes. Only this class and the prompts touch the streams."""

    def __init__(
        self,
        *,
        json: bool,
        color: str,
        quiet: bool,
        verbosity: int,
        here: Callable[[str], str] = str,
    ) -> None:
        self.as_json = json
        self.here = here
        """A text, with the commands in it as they work in the working directory."""
        self.quiet = quiet
        self.verbosity = verbosity
        self._colored = {True: _is_colored(color, True), False: _is_colored(color, False)}

    def data(self, text: str) -> None:
        """A line (or lines) of the result, on stdout."""
        print(safe(text), file=sys.stdout)

    def outcome(self, text: str) -> None:
        """A line on stdout that says what was done; silent with ``--quiet``."""
        if not self.quiet:
            self.advice(text)

    def advice(self, text: str) -> None:
        """A line on stdout with a command for the person who reads it."""
        self.data(self.here(text))

    def data_bytes(self, content: bytes) -> None:
        """Bytes as they are, on stdout; a final newline only on a terminal."""
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        if sys.stdout.isatty() and not content.endswith(b"\n"):
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()

    def json_object(self, schema: str, content: Mapping[str, Any]) -> None:
        """The one object of ``--json``; ``schema`` is the words of the command, joined by ``-``."""
        whole = {"schema": f"plana-secrets/{schema}/1", **content}
        print(json.dumps(whole, indent=2, ensure_ascii=True), file=sys.stdout)

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Columns on stdout, two spaces apart; the header only on a terminal."""
        every = [[safe_line(cell) for cell in row] for row in rows]
        if header and every and sys.stdout.isatty():
            every.insert(0, [title.upper() for title in header])
        if not every:
            return
        widths = [max(map(len, column)) for column in zip(*every, strict=True)]
        for row in every:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip(), file=sys.stdout)

    def talk(self, text: str) -> None:
        """A message to a person, on stderr; silent with ``--quiet``."""
        if not self.quiet:
            tell(safe(self.here(text)))

    def warn(self, text: str) -> None:
        if not self.quiet:
            tell(f"{self.style('warning:', 'yellow', stderr=True)} {safe(self.here(text))}")

    def step(self, text: str, *, level: int = 1) -> None:
        """Something that ``-v`` (level 1) or ``-vv`` (level 2) shows."""
        if self.verbosity >= level:
            self.talk(text)

    def observe(self, event: Event) -> None:
        """An observer that tells the steps of the code below at ``-v``; some events always."""
        if event.name == WAITING:
            self.talk(safe_line(f"waiting for the server: {event.facts['task']}"))
        elif event.name == LOGIN_NOT_KEPT:
            self.warn(f"the login cannot be kept for the next run: {event.facts['reason']}")
        elif self.verbosity:
            facts = " ".join(f"{name}={value}" for name, value in event.facts.items())
            self.talk(safe_line(f"{event.name} {facts}".rstrip()))

    def style(self, text: str, style: str, *, stderr: bool = False) -> str:
        """``text`` in a style where colour is on; put it after ``safe``, not before."""
        if not self._colored[not stderr]:
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"

    def styled_data(self, text: str, style: str) -> None:
        """A line on stdout, first safe, then styled."""
        print(self.style(safe(text), style), file=sys.stdout)

    @contextlib.contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar on a terminal for work that lasts; the block calls the function to advance."""
        if self.quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield lambda _count: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        console = Console(stderr=True, no_color=not self._colored[False])
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda count: bar.advance(task, count)


def _is_colored(choice: str, stdout: bool) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    stream = sys.stdout if stdout else sys.stderr
    return stream.isatty() and os.environ.get("TERM") != "dumb"
