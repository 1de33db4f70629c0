"""A document as a person reads it: lines as lines, and the data of a Secret as text.

The YAML that sops gets has every text in quotes on one line. What is shown means the same.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Final

_QUOTED: Final = re.compile(r'^( *)((?:- )*)((?:\S.*: )?)"((?:[^"\\]|\\.)*)"$')
_STEP: Final = 4


def as_shown(text: str, *, decode: bool) -> str:
    """YAML with texts of several lines as blocks.

    ``decode``: it is a Secret manifest, and the text in its ``data`` follows as a comment.
    """
    lines: list[str] = []
    is_data = False
    for line in text.splitlines():
        if not line.startswith(" "):
            is_data = decode and line.rstrip() == "data:"
        lines.extend(_shown(line, is_data=is_data))
    return "\n".join(lines)


def _shown(line: str, *, is_data: bool) -> Iterator[str]:
    match = _QUOTED.match(line)
    value = _value(match[4]) if match else None
    if match is None or value is None:
        yield line
        return
    indent = match[1] + " " * (len(match[2]) + _STEP)
    if not _is_block(value):
        yield line
    else:
        keep = "|" if value.endswith("\n") else "|-"
        yield f"{match[1]}{match[2]}{match[3]}{keep}"
        yield from (f"{indent}{part}".rstrip() for part in value.removesuffix("\n").split("\n"))
    decoded = _decoded(value) if is_data else None
    if decoded:
        yield from (f"{match[1]}# {part}".rstrip() for part in decoded.split("\n"))


def _value(quoted: str) -> str | None:
    try:
        return str(json.loads(f'"{quoted}"'))
    except ValueError:
        return None  # an escape that only YAML has


def _is_block(value: str) -> bool:
    """Whether a text is the same when it is written line by line."""
    lines = value.removesuffix("\n").split("\n")
    return (
        "\n" in value
        and bool(lines[0])
        and bool(lines[-1])
        and not lines[0].startswith(" ")
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )


def _decoded(value: str) -> str | None:
    """The text that base64 means; None where it is none that can be read."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8").rstrip("\n")
    except (binascii.Error, ValueError):
        return None
    return text if text and all(line.isprintable() for line in text.split("\n")) else None
