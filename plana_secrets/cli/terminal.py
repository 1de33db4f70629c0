"""Asking a person: never when there is none, and never with an echo for a secret."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Final

from plana_secrets.cli.context import Context
from plana_secrets.cli.output import safe_line
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret


def is_interactive(context: Context) -> bool:
    """Whether a person is there to answer: a terminal on both ends, and not CI."""
    if context.no_input or os.environ.get("CI"):
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_secret(context: Context, prompt: str, *, twice: bool = False, instead: str = "") -> Secret:
    """A value typed without echo on the terminal. ``instead``: see ``require_interactive``.

    Raises:
        UsageError: there is no one to ask (kind ``no-input``), or the two differ.
    """
    require_interactive(context, prompt, instead)
    try:
        first = getpass.getpass(f"{safe_line(prompt)}: ")
        again = getpass.getpass(f"{safe_line(prompt)} (again): ") if twice else first
    except EOFError:
        raise UsageError("cancelled; nothing was changed", kind="declined") from None
    if again != first:
        raise UsageError("the values do not match; nothing was changed", kind="inputs-differ")
    return Secret.from_text(first)


def ask_line(context: Context, prompt: str) -> str:
    """A line that need not be hidden.

    Raises:
        UsageError: there is no one to ask (kind ``no-input``), or the terminal was closed or
            its input ended (kind ``declined``).
    """
    require_interactive(context, prompt)
    try:
        end = " " if prompt.endswith("?") else ": "
        print(safe_line(prompt), end=end, file=sys.stderr, flush=True)
        line = sys.stdin.readline()
    except OSError:
        line = ""
    if not line:
        raise UsageError("cancelled; nothing was changed", kind="declined")
    return line.rstrip("\n")


def agrees(context: Context, question: str, *, instead: str = "") -> bool:
    """A y/N question; anything but y is no. ``instead``: see ``require_interactive``."""
    require_interactive(context, f"an answer to '{question}'", instead)
    return ask_line(context, f"{question} [y/N]").strip().lower() in {"y", "yes"}


def confirm(context: Context, question: str, *, instead: str = "") -> None:
    """A y/N question for what can be fixed afterwards; a no stops.

    Raises:
        UsageError: the answer was no (kind ``declined``), or there is no one to ask.
    """
    if not agrees(context, question, instead=instead):
        raise UsageError("cancelled; nothing was changed", kind="declined")


def require_interactive(context: Context, prompt: str, instead: str = "") -> None:
    """Stop if no one can answer ``prompt``.

    ``instead``: what to do where there is no terminal, as it follows "run it in a terminal, or".
    """
    if not is_interactive(context):
        raise UsageError(
            f"{prompt} is needed, but there is no terminal (or --no-input is set)",
            kind="no-input",
            instead=f", or {instead}" if instead else "",
        )


ADVICE: Final = {
    "inputs-differ": "try again, or use --stdin",
    "no-input": "run it in a terminal{instead}",
}
