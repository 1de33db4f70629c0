"""The parts of a login item: where our leaves go in it, and what is read back by which name.

A leaf that is too long for its part, or empty, is a field like any other: the clients
make no difference between an empty part and none.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import DesiredItem, Field, Record
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.mirror.backends.vaultwarden.models import Login
from plana_secrets.mirror.form import NAME_LIMIT, VALUE_LIMIT
from plana_secrets.mirror.logins import PARTS, PASSWORD, TOTP, URL, USERNAME, name_of, places_of
from plana_secrets.secret import Secret

_LIMITS: Final = {USERNAME: NAME_LIMIT, PASSWORD: VALUE_LIMIT, URL: VALUE_LIMIT, TOTP: NAME_LIMIT}
"""Bytes of plaintext that the clients take."""


def seal_login(item: DesiredItem, key: SymmetricKey) -> tuple[dict[str, Any], Sequence[Field]]:
    """The login of ``item``, and the fields that have no place in it."""
    places = places_of(item.record)
    names = {name_of(part, places): part for part in PARTS}
    parts: dict[str, str] = {}
    uris: list[dict[str, object]] = []
    left: list[Field] = []
    for field in item.fields:
        part = names.get(field.path) or _further_url(field.path, item.record, places)
        if part is None or not _fits(part, field):
            left.append(field)
        elif part == URL:
            uris.append(_uri(field.shown, key))
        else:
            parts[part] = key.seal(field.shown.reveal())
    return {
        "username": parts.get(USERNAME),
        "password": parts.get(PASSWORD),
        "totp": parts.get(TOTP),
        "uris": uris or None,
    }, left


def _further_url(name: str, record: Record, places: dict[str, str]) -> str | None:
    """A second address, which only people add, stays an address."""
    first = name_of(URL, places)
    is_further = re.fullmatch(rf"{re.escape(first)} \([1-9][0-9]*\)", name) is not None
    return URL if is_further and name not in {path for path, _, _ in record.shape} else None


def _fits(part: str, field: Field) -> bool:
    return 0 < len(field.shown.reveal()) <= _LIMITS[part]


def _uri(shown: Secret, key: SymmetricKey) -> dict[str, object]:
    """With the checksum by which clients know that a server did not change it."""
    checksum = base64.b64encode(hashlib.sha256(shown.reveal()).digest())
    return {"uri": key.seal(shown.reveal()), "uriChecksum": key.seal(checksum), "match": None}


def open_login(
    login: Login, record: Record | None, opened: Callable[[str | None], Secret]
) -> Iterator[tuple[str, Secret]]:
    """The parts that are there, by the names that their leaves have."""
    places = places_of(record) if record else {}
    for part, sealed in (
        (USERNAME, login.username),
        (PASSWORD, login.password),
        (TOTP, login.totp),
        *((URL, one.uri) for one in login.uris or []),
    ):
        if sealed is not None:
            yield name_of(part, places), opened(sealed)


def carry_passkeys(
    passkeys: list[dict[str, object]], old: SymmetricKey, new: SymmetricKey
) -> list[dict[str, object]]:
    """Passkeys that people added, sealed again as the item that is written."""
    return [{name: _carry(text, old, new) for name, text in one.items()} for one in passkeys]


def _carry(text: object, old: SymmetricKey, new: SymmetricKey) -> object:
    if not isinstance(text, str):
        return text
    try:
        return new.seal(old.open(text).reveal())
    except MalformedError:  # a date, which is not sealed
        return text
