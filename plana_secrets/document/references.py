"""A secret reference, ``file#path``: the one notation for a leaf in configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, format_path, parse_path


@dataclass(frozen=True, slots=True)
class SecretReference:
    """``file`` is posix and relative to the repository."""

    file: str
    path: LeafPath

    def __str__(self) -> str:
        return f"{self.file}#{format_path(self.path)}"


def parse_reference(text: str) -> SecretReference:
    """The reference that ``text`` spells.

    Raises:
        UsageError: no ``#`` with a file before and a path after it, or the file would be
            outside the repository (kind ``bad-reference``); the path is none (``bad-path``).
    """
    file, mark, path = text.partition("#")
    parts = PurePosixPath(file).parts
    if not mark or not parts or file.startswith("/") or ".." in parts:
        raise UsageError(f"not a secret reference file#path: {text!r}", kind="bad-reference")
    return SecretReference(str(PurePosixPath(file)), parse_path(path))
