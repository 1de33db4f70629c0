"""The file in git in which a departure is ticked off: whose keys, and what was accepted.

It has no value in it. What was replaced is not written down: that is read from the history,
each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from plana_secrets.config.toml import parse_toml
from plana_secrets.errors import UsageError
from plana_secrets.fields.place import TOP
from plana_secrets.fields.reading import any_text, day, list_of, read_fields, table, text

FOLDER: Final = ".offboarding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A value that stays. ``path``: None for a file that cannot be looked into."""

    file: str
    reason: str
    on: date
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A file that the leaver could also see in the vault, as it was at ``commit``."""

    file: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickOff:
    """``keys``: the recipients of the leaver. ``vault_user``: their account in the vault."""

    name: str
    begun: date
    keys: tuple[str, ...]
    vault_user: str | None = None
    shown: tuple[Shown, ...] = ()
    accepted: tuple[Acceptance, ...] = field(default=())

    def reason_for(self, file: str, path: str | None) -> str | None:
        """Why a value may stay, or None."""
        return next(
            (one.reason for one in self.accepted if (one.file, one.path) == (file, path)), None
        )


_ACCEPTANCE: Final = {"file": any_text, "path": any_text, "reason": any_text, "on": day}
_SHOWN: Final = {"file": any_text, "commit": text}
_FIELDS: Final = {
    "name": text,
    "begun": day,
    "keys": list_of(text),
    "vault_user": text,
    "shown": list_of(table(Shown, _SHOWN)),
    "accepted": list_of(table(Acceptance, _ACCEPTANCE)),
}


def file_for(name: str) -> str:
    """Where it is, relative to the repository. A recipient has no other name than its start."""
    safe = "".join(one if one.isalnum() or one in "-_" else "-" for one in name[:40])
    return f"{FOLDER}/{safe}.toml"


def parse_tick_off(content: bytes, file: str) -> TickOff:
    """
    Raises:
        UsageError: it is not what we write (kind ``bad-tick-off``).
    """
    try:
        read = read_fields(parse_toml(content), TOP, ("name", "begun", "keys"), _FIELDS)
    except UsageError as error:
        reason = error.message.removeprefix("plana-secrets.toml: ")
        raise UsageError(f"{file}: {reason}", kind="bad-tick-off", file=file) from None
    return TickOff(**read)


def format_tick_off(one: TickOff) -> bytes:
    """The text of the file."""
    lines = [
        "# What to replace after someone left, without values: `plana-secrets offboard`",
        f"name = {_quoted(one.name)}",
        f"begun = {one.begun}",
        "keys = [",
        *(f"    {_quoted(key)}," for key in one.keys),
        "]",
    ]
    if one.vault_user is not None:
        lines.append(f"vault_user = {_quoted(one.vault_user)}")
    for shown in one.shown:
        lines += _table("shown", {"file": shown.file, "commit": shown.commit})
    for accepted in one.accepted:
        place = {"file": accepted.file}
        if accepted.path is not None:
            place["path"] = accepted.path
        lines += _table("accepted", {**place, "reason": accepted.reason})
        lines.append(f"on = {accepted.on}")
    return ("\n".join(lines) + "\n").encode("utf-8")


def _table(name: str, entries: Mapping[str, str]) -> list[str]:
    return ["", f"[[{name}]]", *(f"{key} = {_quoted(value)}" for key, value in entries.items())]


def _quoted(value: str) -> str:
    """A basic string: the escapes of JSON are a part of those of TOML."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("a name that is not UTF-8 cannot be written down", kind="usage") from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


ADVICE: Final = {
    "bad-tick-off": "fix it by hand, or bring it back with `git checkout {file}`",
}
