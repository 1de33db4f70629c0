"""The program that sops starts as its editor: it puts a prepared text into the file.

``python -I -S editor.py FD FILE``: sops names FILE, FD was inherited
through sops and gives the text behind its length. It ends with 1 rather than write
anything else than that text: a descriptor that ends early, or is read a second time
(sops calls the editor again for a text that it cannot parse), gives nothing.

Only the standard library is imported, without ``typing``, which takes as long as the rest, and the
file is started by its path: this runs once for every write, also where the package is found by
PYTHONPATH alone.
"""

from __future__ import annotations

import os
import stat
import struct
import sys

_LENGTH = struct.Struct(">Q")
_PIECE = 1 << 16


def frame(content: bytes) -> bytes:
    """``content`` behind its length, as the editor wants to read it."""
    return _LENGTH.pack(len(content)) + content


def read_framed(descriptor: int) -> bytes | None:
    """The content on a descriptor, or None unless it is there in full and alone."""
    pieces: list[bytes] = []
    while piece := os.read(descriptor, _PIECE):
        pieces.append(piece)
    data = b"".join(pieces)
    if len(data) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(data)
    content = data[_LENGTH.size :]
    return content if length == len(content) else None


def put_content(descriptor: int, file: str) -> bool:
    """Write what the descriptor gives into the regular file that sops created."""
    content = read_framed(descriptor)
    if not content:
        return False
    target = os.open(file, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(target, "wb") as opened:
        if not stat.S_ISREG(os.fstat(target).st_mode):
            return False
        opened.truncate(0)
        opened.write(content)
    return True


def main(arguments: list[str]) -> int:
    """The exit status for sops; nothing is printed, even if it fails."""
    try:
        descriptor, file = arguments
        return 0 if put_content(int(descriptor), file) else 1
    except (OSError, ValueError):
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
