"""A backend of the mirror talks with the person through this, and knows no terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plana_secrets.cli.context import Context
from plana_secrets.cli.terminal import ask_line, ask_secret

if TYPE_CHECKING:
    from plana_secrets.secret import Secret


@dataclass(frozen=True, slots=True)
class TerminalDesk:
    """Implements ``Desk``."""

    context: Context

    def ask(self, prompt: str) -> str:
        return ask_line(self.context, prompt)

    def ask_secret(self, prompt: str) -> Secret:
        return ask_secret(self.context, prompt)

    def talk(self, words: str) -> None:
        self.context.output.talk(words)

    def warn(self, words: str) -> None:
        self.context.output.warn(words)
