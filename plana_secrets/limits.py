"""How much we read of anything, in bytes. What is larger is refused, with its name.

Each limit is far above what an honest repository holds, and keeps time and memory of a
run small where a repository is not honest.
"""

from __future__ import annotations

from typing import Final

SECRET_FILE: Final = 1 << 20
"""A secret file, and the plain text of one: Kubernetes holds no larger Secret."""

VALUE: Final = 1 << 20
"""One value that is handed to us."""

RULES_FILE: Final = 1 << 20
SETTINGS_FILE: Final = 256 << 10

KEY_FILE: Final = 1 << 20
"""A file of identities, or of credentials."""

READABLE_FILE: Final = 5 << 20
"""A file under the roots that is meant to be readable."""

STATE_FILE: Final = 16 << 20
"""What we keep for ourselves: journal, edits, output of programs that we start."""

SEARCHED_FILE: Final = 64 << 20
"""Any other file of the repository that is looked through for identities."""

MIRROR_FILE: Final = 64 << 20
"""A mirror that is a file."""

MIRROR_AGREED: Final = 64 << 20
"""What is kept of the files and items of a mirror that agreed."""

MIRROR_RECORD: Final = 16 << 20
"""The record of one item of a mirror, uncompressed."""

SESSION_FILE: Final = 64 << 10
"""What is kept of a session with a server."""

SERVER_ANSWER: Final = 512 << 20
"""The answer to one request: a whole vault, on a server that the person chose."""


def in_words(limit: int) -> str:
    """A limit for people: ``1 MiB``."""
    return f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
