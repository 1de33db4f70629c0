"""The table of a backend written into the configuration; the rest of the text stays. Pure.

Where the table is there already it is added to: entries of its lists and tables, and fields
that it does not have. What it says stays as a person wrote it, comments and layout included.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from plana_secrets.errors import UsageError

_HEADER: Final = re.compile(r"(?m)^\[mirror\][ \t]*(?:#.*)?$")
_NEXT_HEADER: Final = re.compile(r"(?m)^[ \t]*\[")
_BACKEND: Final = re.compile(r"(?m)^backend[ \t]*=.*$")


def place_table(
    text: str, name: str, table: Mapping[str, Any], present: object | None = None
) -> str:
    """The configuration with ``[mirror.NAME]`` in it, and NAME as the backend.

    ``present``: the settings that the text has for this backend. A field that they say in another
    spelling stays.

    Raises:
        UsageError: the table says something else already, or the tables are written in a
            way that is not ours to edit (kind ``mirror-configured``).
    """
    before = tomllib.loads(text)
    mirror = before.get("mirror", {})
    is_used = name == mirror.get("backend") or name in _listed(mirror.get("backend"))
    missing = _missing(mirror.get(name, {}), table, name, present)
    if name in mirror and is_used and not missing:
        return text
    wanted = deepcopy(before)
    wanted.setdefault("mirror", {})
    if not is_used:
        text = _with_backend(text, f'backend = "{name}"')
        wanted["mirror"]["backend"] = name
    held = wanted["mirror"].setdefault(name, {})
    if name in mirror:
        for field, new in missing.items():
            text = _with_field(text, name, field, held.get(field), new)
            held[field] = _joined(held.get(field), new)
    else:
        text = "\n".join([text.strip("\n"), "", f"[mirror.{name}]", *_lines(table), ""])
        held |= table
    if not _says(text, wanted):
        raise _by_hand(name, [f"[mirror.{name}]", *_lines(missing)])
    return text


def _listed(backend: object) -> list[object]:
    return backend if isinstance(backend, list) else []


def _joined(there: Any, new: Any) -> Any:
    """A field with what is new in it."""
    if there is None:
        return new
    return {**there, **new} if isinstance(new, dict) else [*new, *there]


def _says(text: str, wanted: object) -> bool:
    """Whether the text says this; the last glob that matches counts, so in this order."""
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    if held != wanted:
        return False
    return _globs_of(held) == _globs_of(wanted)


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{field} = {_toml(value)}" for field, value in table.items()]


def _with_backend(text: str, line: str) -> str:
    header = _HEADER.search(text)
    if header is None:
        return f"{text.rstrip()}\n\n[mirror]\n{line}\n"
    following = _NEXT_HEADER.search(text, header.end())
    end = following.start() if following else len(text)
    section = text[header.end() : end]
    if _BACKEND.search(section):
        section = _BACKEND.sub(line, section, count=1)
    else:
        section = f"\n{line}{section}"
    return text[: header.end()] + section + text[end:]


def _missing(
    held: Mapping[str, Any], table: Mapping[str, Any], name: str, present: object | None
) -> dict[str, Any]:
    """What of ``table`` is not in ``held``, the table as it is written."""
    missing = {}
    for field, value in table.items():
        there = held.get(field)
        if there is None:
            missing[field] = value
        elif isinstance(value, dict) and isinstance(there, dict):
            changed = [key for key in value if value[key] != there.get(key, value[key])]
            if changed:
                raise _configured(name, f"{field}.{_toml(changed[0])}")
            missing[field] = {key: one for key, one in value.items() if key not in there}
        elif isinstance(value, list) and isinstance(there, list):
            missing[field] = [one for one in value if one not in there]
        elif value not in (there, getattr(present, field, None)):
            raise _configured(name, field)
    return {field: new for field, new in missing.items() if new}


def _globs_of(content: Any) -> list[list[str]]:
    tables = [one for one in content["mirror"].values() if isinstance(one, dict)]
    return [list(value) for one in tables for value in one.values() if isinstance(value, dict)]


def _with_field(text: str, name: str, field: str, there: object, new: Any) -> str:
    """``text`` with ``new`` in the field; unchanged where it is written in no way that we know."""
    own = _section(text, f"mirror.{name}.{field}")
    if own is not None and isinstance(new, dict):
        return _after(text, *own, [f"{_toml(key)} = {_toml(one)}" for key, one in new.items()])
    section = _section(text, f"mirror.{name}")
    if section is None:
        return text
    if there is None:
        return _after(text, *section, _lines({field: new}))
    opening = "{" if isinstance(there, dict) else r"\["
    found = re.compile(rf"(?m)^[ \t]*{field}[ \t]*=[ \t]*{opening}").search(text, *section)
    if found is None:
        return text
    if isinstance(new, dict):
        return _with_pairs(text, found.start(), found.end(), new)
    return _with_entries(text, found.end(), new)


def _with_pairs(text: str, start: int, opened: int, new: Mapping[str, str]) -> str:
    """Behind those that are there, of which the last that matches counts."""
    close = _end_of(text, start, "}")
    if close is None:
        return text
    inside = text[opened : close - 1]
    comma = ", " if inside.strip() else " "
    tail = inside[len(inside.rstrip()) :] or " "
    return text[:opened] + inside.rstrip() + comma + _toml(new)[2:-2] + tail + text[close - 1 :]


def _with_entries(text: str, at: int, new: Sequence[str]) -> str:
    """Before those that are there: behind the last one a comment may follow."""
    gap = re.compile(r"(?:[ \t]*\r?\n[ \t]*)?").match(text, at)
    indent = gap.group() if gap else ""
    entries = "".join(f"{indent}{_toml(one)}," for one in new)
    return text[:at] + entries + ("" if indent else " ") + text[at:]


def _section(text: str, name: str) -> tuple[int, int] | None:
    """Where the lines of a table begin and end."""
    header = re.search(rf"(?m)^[ \t]*\[{re.escape(name)}\][ \t]*(?:#.*)?\r?$\n?", text)
    if header is None:
        return None
    following = _NEXT_HEADER.search(text, header.end())
    return header.end(), following.start() if following else len(text)


def _after(text: str, start: int, end: int, lines: Sequence[str]) -> str:
    """``lines`` behind the last line of a section that says something."""
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    said = re.compile(r"(?m)^[ \t]*[^\s#][^\n]*\n?")
    last = max((one.end() for one in said.finditer(text, start, end)), default=start)
    mark = "" if text[:last].endswith("\n") else end_of_line
    return text[:last] + mark + "".join(f"{line}{end_of_line}" for line in lines) + text[last:]


def _end_of(text: str, start: int, mark: str) -> int | None:
    """Where a value that begins at ``start`` ends."""
    at = text.find(mark, start)
    while at >= 0:
        try:
            tomllib.loads(text[start : at + 1].lstrip())
        except tomllib.TOMLDecodeError:
            at = text.find(mark, at + 1)
        else:
            return at + 1
    return None


def _toml(value: object) -> str:
    """Strings, lists and tables of strings; a JSON string is a TOML string, too."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_toml(name)} = {_toml(one)}" for name, one in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value, ensure_ascii=False)


def _configured(name: str, field: str) -> UsageError:
    return UsageError(
        f"mirror.{name}.{field} already says something else", kind="mirror-configured", name=name
    )


def _by_hand(name: str, lines: list[str]) -> UsageError:
    missing = "\n".join(f"  {line}" for line in lines)
    return UsageError(
        "plana-secrets.toml is written in a way that this command cannot change; it would add:\n"
        f"{missing}",
        kind="mirror-configured",
        name=name,
    )


ADVICE: Final = {
    "mirror-configured": "edit [mirror.{name}] in plana-secrets.toml",
}
