"""The table of a backend written into the configuration; the rest of the text stays."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from plana_secrets.errors import UsageError

_HEADER: Final = re.compile(r"(?m)^\[mirror\][ \t]*(?:#.*)?$")
_NEXT_HEADER: Final = re.compile(r"(?m)^\[")
_BACKEND: Final = re.compile(r"(?m)^backend[ \t]*=.*$")


def place_table(text: str, name: str, table: Mapping[str, Any]) -> str:
    """The configuration with ``[mirror.NAME]`` in it, and NAME as the backend.

    Raises:
        UsageError: such a table is there already with other settings, or the tables are
            written in a way that is not ours to edit (kind ``mirror-configured``).
    """
    before = tomllib.loads(text)
    present = before.get("mirror", {})
    if present.get(name) == table and present.get("backend") == name:
        return text
    if name in present or ("mirror" in before and not _HEADER.search(text)):
        raise UsageError("a mirror is already configured", kind="mirror-configured", name=name)
    line = f'backend = "{name}"'
    body = (
        _with_backend(text, line)
        if "mirror" in before
        else f"{text.rstrip()}\n\n[mirror]\n{line}\n"
    )
    lines = [f"{field} = {_toml(value)}" for field, value in table.items()]
    return "\n".join([body.strip("\n"), "", f"[mirror.{name}]", *lines, ""])


def _with_backend(text: str, line: str) -> str:
    header = _HEADER.search(text)
    start = header.end() if header else len(text)
    following = _NEXT_HEADER.search(text, start)
    end = following.start() if following else len(text)
    section = text[start:end]
    if _BACKEND.search(section):
        section = _BACKEND.sub(line, section, count=1)
    else:
        section = f"\n{line}{section}"
    return text[:start] + section + text[end:]


def _toml(value: object) -> str:
    """Strings, lists and tables of strings; a JSON string is a TOML string, too."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_toml(name)} = {_toml(one)}" for name, one in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value, ensure_ascii=False)


ADVICE: Final = {
    "mirror-configured": "edit [mirror.{name}] in plana-secrets.toml",
}
