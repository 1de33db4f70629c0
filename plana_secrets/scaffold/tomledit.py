"""Adding to settings that a person wrote, so that everything else stays as it is. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Final

_HEADER: Final = re.compile(r"(?m)^[ \t]*\[")


def toml_text(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for the surrogates."""
    return json.dumps(text, ensure_ascii=False)


def toml_list(texts: Sequence[str]) -> str:
    """A list, on several lines if it is long."""
    quoted = [toml_text(text) for text in texts]
    if sum(map(len, quoted)) < 80:
        return f"[{', '.join(quoted)}]"
    return "[\n" + "".join(f"    {one},\n" for one in quoted) + "]"


def add_to_list(
    content: str, table: str, key: str, new: Sequence[str], default: Sequence[str] = ()
) -> str | None:
    """``content`` with ``new`` in a list of a table; None where that is not safe to do.

    ``default``: what the list holds where the file does not have it.
    """
    held = tomllib.loads(content)
    before = held.get(table, {}).get(key, list(default))
    edited = _edited(content, table, key, [*before, *new])
    try:
        after = tomllib.loads(edited)
    except tomllib.TOMLDecodeError:
        return None
    held.setdefault(table, {})[key] = [*before, *new]
    return edited if after == held else None


def _edited(content: str, table: str, key: str, values: Sequence[str]) -> str:
    line = f"{key} = {toml_list(values)}"
    header = re.search(rf"(?m)^[ \t]*\[{table}\][^\n]*\n?", content)
    if header is None:
        return f"{content.rstrip()}\n\n[{table}]\n{line}\n"
    begin, following = header.end(), _HEADER.search(content, header.end())
    end = following.start() if following else len(content)
    start = re.compile(rf"(?m)^[ \t]*{key}[ \t]*=[ \t]*\[").search(content, begin, end)
    if start is None:
        return f"{content[:begin].rstrip()}\n{line}\n{content[begin:]}"
    for close in (match.end() for match in re.compile("]").finditer(content, start.end())):
        try:
            tomllib.loads(content[start.start() : close].lstrip())
        except tomllib.TOMLDecodeError:
            continue
        return content[: start.start()] + line + content[close:]
    return content


def add_at_the_top(content: str, line: str) -> str:
    """``line`` before the first table."""
    header = _HEADER.search(content)
    at = header.start() if header else len(content)
    head = content[:at].rstrip("\n")
    return f"{head}{chr(10) if head else ''}{line}\n\n{content[at:]}"
