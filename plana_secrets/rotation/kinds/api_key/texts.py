"""X-API-Key values: a provider accepts a list, each caller sends one.

Provider and callers never read the same place. The list has three forms: ``json``
(``[{"id","value"}]``), ``csv`` (values only) and ``slots`` (one place a value: PATH,
PATH_NEXT, PATH_PREVIOUS).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from plana_secrets.errors import FailedError
from plana_secrets.rotation.keyset import IN_USE, Key, Keyset, Material, Status
from plana_secrets.rotation.material import (
    encode_base64url,
    matches_fingerprint,
    new_key_bytes,
    wrap_material,
)
from plana_secrets.rotation.policy import AcceptedList
from plana_secrets.rotation.targets import SLOT_SUFFIXES
from plana_secrets.secret import Secret

SLOTS = dict(zip((Status.ACTIVE, Status.STANDBY, Status.RETIRING), SLOT_SUFFIXES, strict=True))
"""What the last key of a path is followed by, for the key of each status."""


def generate() -> Material:
    return wrap_material(Secret.from_text(encode_base64url(new_key_bytes())))


def adopt(content: Secret, *, in_csv: bool) -> Material:
    """A key from the text that callers send today; ``in_csv``: of a list that is csv."""
    if not is_value(content):
        raise _bad("it is empty, not text, or has line breaks or outer spaces")
    if in_csv and b"," in content.reveal():
        raise _bad("it contains a comma, and the accepted list is csv")
    return wrap_material(content)


def is_value(value: Secret) -> bool:
    """Whether a caller can send it in a header: one line of printable text."""
    try:
        text = value.reveal_text()
    except ValueError:
        return False
    return bool(text) and text.isprintable() and text == text.strip()


def _bad(why: str) -> FailedError:
    return FailedError(f"the value cannot be an API key: {why}", kind="bad-adopted-value")


def render_json(keysets: Sequence[Keyset], current: Secret | None) -> AcceptedList:
    """The union of ``keysets`` (in this order), then the entries that none of them owns.

    An entry with one of our values is ours under any id: it was adopted from there, and
    left alone it would still be accepted when its key is retired.

    Raises:
        ValueError: what is there now is not such a list.
    """
    every = [key for keyset in keysets for key in keyset.keys]
    owned = {key.kid for key in every}
    foreign = [
        entry
        for entry in _parse_json(current)
        if entry["id"] not in owned and not _is_of_any(every, Secret.from_text(entry["value"]))
    ]
    entries = [
        {"id": key.kid, "value": key.value.reveal_text()}
        for keyset in keysets
        for key in keyset.keys
        if key.status in IN_USE and key.value is not None
    ]
    text = json.dumps([*entries, *foreign], separators=(",", ":"), ensure_ascii=False)
    return AcceptedList(Secret.from_text(text), len(foreign))


def _parse_json(current: Secret | None) -> list[dict[str, Any]]:
    if current is None or not current.reveal().strip():
        return []
    entries = json.loads(current.reveal_text())
    if not isinstance(entries, list):
        raise ValueError("not a list")  # noqa: TRY004 - one error for all that is no such list
    for entry in entries:
        is_entry = isinstance(entry, dict) and isinstance(entry.get("value"), str)
        if not is_entry or not isinstance(entry.get("id"), str):
            raise ValueError("an entry is not {id, value}")
    return entries


def render_csv(keysets: Sequence[Keyset], current: Secret | None) -> AcceptedList:
    """Like ``render_json``, with bare values: whose one is, only the value says.

    Raises:
        ValueError: what is there now is not text, or a JSON list; or a value has a comma.
    """
    text = "" if current is None else current.reveal_text().strip()
    if text.startswith(("[", "{")):
        raise ValueError("a list in another format")
    every = [key for keyset in keysets for key in keyset.keys]
    foreign = [
        value
        for value in (Secret.from_text(part.strip()) for part in text.split(",") if part.strip())
        if not _is_of_any(every, value)
    ]
    entries = [key.value for key in every if key.status in IN_USE and key.value is not None]
    if any(b"," in value.reveal() for value in entries):
        raise ValueError("a value with a comma, which would read as two")
    content = b",".join(value.reveal() for value in [*entries, *foreign])
    return AcceptedList(Secret(content), len(foreign))


def _is_of_any(keys: Sequence[Key], value: Secret) -> bool:
    return any(_is_of(key, value) for key in keys)


def _is_of(key: Key, value: Secret) -> bool:
    """Whether a value is, or was, that of ``key``."""
    if key.value is not None:
        return key.value == value
    return matches_fingerprint(key.fingerprint or "", value)
