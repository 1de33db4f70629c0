"""What a person hands over as a file or on stdin: every byte of it, up to a limit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from plana_secrets import limits
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret


def read_input(file: Path | None, *, limit: int, what: str) -> Secret:
    """The bytes of ``file``, or of stdin for None; ``what`` they are, for the message.

    Raises:
        UsageError: it cannot be read (kind ``unreadable-source``), or is larger than
            ``limit`` (kind ``value-too-large``).
    """
    if file is None:
        content = sys.stdin.buffer.read(limit + 1)
    else:
        try:
            with file.open("rb") as opened:
                content = opened.read(limit + 1)
        except OSError as error:
            raise UsageError(
                f"cannot read {file}: {error.strerror}", kind="unreadable-source"
            ) from None
    if len(content) > limit:
        size = limits.in_words(limit)
        raise UsageError(f"{what} is larger than {size}", kind="value-too-large")
    return Secret(content)


ADVICE: Final = {
    "unreadable-source": "choose a file that you can read, or use stdin",
    "value-too-large": "a Kubernetes Secret is limited to 1 MiB; store larger data elsewhere",
}
