"""Commands that we print for a person, made so that they work where that person is.

A hint names files from the root of the repository. Our own commands find these from every
folder inside it, git finds them from the root alone; and with ``--repo`` the person is in
another folder altogether.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BEHIND: Final = r"`|\b(?:next|fix|more): |(?:&&|\|) "
"""What is before a command in our texts; elsewhere the name of a program is only a word."""

_CALL: Final = rf"(?P<start>{_BEHIND}|\(|(?m:^) *)plana-secrets "
_MAKES_KEYS: Final = re.compile(rf"{_CALL}(?=identity (?:new|import)\b)")
"""They take no identity from a file that exists, and are the way out where it does not."""
_OURS: Final = re.compile(rf"{_CALL}(?!identity (?:new|import)\b)(?=[a-z])")
_GIT: Final = re.compile(rf"(?P<start>{_BEHIND})git (?=[a-z])")
_GIT_OF_FILES: Final = re.compile(
    rf"(?P<start>{_BEHIND})git (?=(?:add|checkout|commit|log|ls-files|rm)\b)"
)
"""Those that take the names of files; the others work in every folder of the repository."""


@dataclass(frozen=True, slots=True)
class Here:
    """The shared options that say where a run works, as they were typed.

    ``root``: the root of the repository, if the run knows it; ``folder``: the working directory.
    """

    repo: Path | None
    identity_file: Path | None
    root: Path | None
    folder: Path

    def commands_in(self, text: str) -> str:
        """``text``, with the commands in it as they have to be typed in ``folder``."""
        place = ["--repo", str(self.repo)] if self.repo else []
        keys = ["--identity-file", str(self.identity_file)] if self.identity_file else []
        text = _with(_MAKES_KEYS, "plana-secrets", place, text)
        text = _with(_OURS, "plana-secrets", [*place, *keys], text)
        git = _GIT if self.repo else _GIT_OF_FILES
        return _with(git, "git", self._of_git(), text)

    def _of_git(self) -> list[str]:
        root = self.root or self.repo
        if root is None:
            return []
        there, here = os.path.realpath(root), os.path.realpath(self.folder)
        if there == here:
            return []
        if self.repo and os.path.realpath(self.repo) == there:
            return ["-C", str(self.repo)]
        return ["-C", os.path.relpath(there, here)]


def _with(command: re.Pattern[str], name: str, words: list[str], text: str) -> str:
    if not words:
        return text
    return command.sub(lambda found: f"{found['start']}{name} {shlex.join(words)} ", text)
