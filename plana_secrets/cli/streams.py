"""The three standard streams, which may be closed, full, or without a reader.

What is told on stderr may get lost; the work goes on. What is written to stdout is the
result, and losing it is an error.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO


def open_missing_streams() -> None:
    """A stream that the caller closed leads nowhere, and no other file gets its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def tell(text: str) -> None:
    """A line on stderr, if it has a reader."""
    try:
        print(text, file=sys.stderr)
    except OSError:
        silence(sys.stderr)


def can_flush(stream: TextIO) -> bool:
    """Whether what was written got out; if not, no more is tried."""
    try:
        stream.flush()
    except OSError:
        silence(stream)
        return False
    return True


def silence(stream: TextIO) -> None:
    """Let it lead nowhere, so that the interpreter does not complain at its exit."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, stream.fileno())
    os.close(descriptor)
