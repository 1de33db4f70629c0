"""The file in git in which a departure is ticked off: whose keys, and what was accepted.

It has no value in it. What was replaced is not written down: that is read from the history,
each time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from plana_secrets.config.toml import parse_toml
from plana_secrets.errors import UsageError
from plana_secrets.fields.place import TOP
from plana_secrets.fields.reading import any_text, day, list_of, read_fields, table, text

FOLDER: Final = ".offboarding"

_LONGEST: Final = 40
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A value that stays. ``path``: None for a file that cannot be looked into.

    ``versions``: digests of the ciphertexts that were accepted: what is read later, by a person
    who came back, is not. None of them: whatever it is.
    """

    file: str
    reason: str
    on: date
    path: str | None = None
    versions: tuple[str, ...] = ()


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

    def acceptance_of(self, file: str, path: str | None) -> Acceptance | None:
        """Why a value may stay, or None."""
        return next((one for one in self.accepted if (one.file, one.path) == (file, path)), None)


_ACCEPTANCE: Final = {
    "file": any_text,
    "path": any_text,
    "reason": any_text,
    "on": day,
    "versions": list_of(text),
}
_SHOWN: Final = {"file": any_text, "commit": text}
_FIELDS: Final = {
    "name": text,
    "begun": day,
    "keys": list_of(text),
    "vault_user": text,
    "shown": list_of(table(Shown, _SHOWN)),
    "accepted": list_of(table(Acceptance, _ACCEPTANCE)),
}


def digests(ciphertexts: Iterable[bytes]) -> tuple[str, ...]:
    """Enough of a digest of each to know it again, sorted. They are in git themselves."""
    return tuple(sorted({hashlib.sha256(one).hexdigest()[:_DIGITS] for one in ciphertexts}))


def file_for(name: str) -> str:
    """Where it is, relative to the repository. A name that cannot be that of a file, such as a
    recipient, is told from others by its digest."""
    safe = "".join(one if one.isalnum() or one in "-_" else "-" for one in name[:_LONGEST])
    if safe != name:
        safe = f"{safe}-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
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
    if one.accepted:
        # a line for each, in order: what two people accept is merged by git, or by hand at a glance
        every = sorted(one.accepted, key=lambda each: (each.file, each.path or ""))
        lines += ["accepted = [", *(f"    {_inline(each)}," for each in every), "]"]
    for shown in one.shown:
        lines += ["", "[[shown]]", f"file = {_quoted(shown.file)}"]
        lines.append(f"commit = {_quoted(shown.commit)}")
    return ("\n".join(lines) + "\n").encode("utf-8")


def _inline(one: Acceptance) -> str:
    path = [] if one.path is None else [f"path = {_quoted(one.path)}"]
    versions = ", ".join(map(_quoted, one.versions))
    fields = [
        f"file = {_quoted(one.file)}",
        *path,
        f"reason = {_quoted(one.reason)}",
        f"on = {one.on}",
        *([f"versions = [{versions}]"] if versions else []),
    ]
    return f"{{ {', '.join(fields)} }}"


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
