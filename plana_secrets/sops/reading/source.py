"""What a secret file may be as text, before anything parses it.

The limits keep reading bounded for any content of a file; the characters are
those that mean the same to every reader of YAML.
"""

from __future__ import annotations

import re
from typing import Final

from plana_secrets import limits
from plana_secrets.sops.model import Defect, Severity

_HARMLESS: Final = b"\n" + bytes(range(0x20, 0x7F))
_BOM: Final = "\ufeff"
NOT_UTF8: Final = "not UTF-8"
WITH_MARK: Final = "starts with a byte order mark"
CARRIAGE_RETURN: Final = "a carriage return; lines must end with a line feed alone"
SEVERAL: Final = "more than one document"
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Control characters, separators that some parsers take for line ends, and marks."""


def read_source(data: bytes) -> tuple[str, list[Defect]]:
    """The text of a file and what is wrong with its bytes; no text, nothing to parse."""
    if len(data) > limits.SECRET_FILE:
        message = f"larger than {limits.in_words(limits.SECRET_FILE)}"
        return "", [Defect("too-large", Severity.ERROR, message)]
    if not data.translate(None, _HARMLESS):
        return data.decode("ascii"), []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return "", [_defect(NOT_UTF8, data.count(b"\n", 0, error.start) + 1)]
    match = _FORBIDDEN.search(text)
    if match is None:
        return text, []
    line = text.count("\n", 0, match.start()) + 1
    return "", [_defect(_reason(match.group(), match.start()), line)]


def _reason(character: str, position: int) -> str:
    if character == _BOM and position == 0:
        return WITH_MARK
    if character == "\r":
        return CARRIAGE_RETURN
    return f"the character U+{ord(character):04X}, which must be escaped in a text file"


def _defect(message: str, line: int | None = None) -> Defect:
    return Defect("yaml", Severity.ERROR, message, line)


def stand_ins(data: bytes) -> list[Defect]:
    """What git left in place of the file: an open merge conflict, or a pointer of Git LFS.

    Named as what it is, before anything judges it as YAML. Sources: git-merge(1), "How
    conflicts are presented"; the pointer file of the Git LFS specification.
    """
    if data.startswith(_LFS):
        return [Defect("lfs-pointer", Severity.ERROR, "a Git LFS pointer, not the file", 1)]
    start = 0 if data.startswith(_OURS) else data.find(b"\n" + _OURS) + 1
    if (start or data.startswith(_OURS)) and data.find(b"\n" + _THEIRS, start) > 0:
        line = data.count(b"\n", 0, start) + 1
        return [Defect("merge-conflict", Severity.ERROR, "an unresolved merge conflict", line)]
    return []


_LFS: Final = b"version https://git-lfs.github.com/spec/"
_OURS: Final = b"<<<<<<< "
_THEIRS: Final = b">>>>>>> "
