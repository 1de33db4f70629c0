"""Which leaves of a file are the parts of a login. Pure.

A map with ``username``, ``password``, ``url`` or ``totp`` at its top, or as entries of a
Secret, can be mirrored as a login item, which clients fill into forms.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from plana_secrets.document.kinds import ENTRIES
from plana_secrets.mirror.backend import PlainLeaf, Record
from plana_secrets.sops.model import LeafType

USERNAME: Final = "username"
PASSWORD: Final = "password"  # noqa: S105 - the name of a key
URL: Final = "url"
TOTP: Final = "totp"
PARTS: Final = (USERNAME, PASSWORD, URL, TOTP)

_SHOWN: Final = frozenset({"text", "base64"})


def places_of(record: Record) -> dict[str, str]:
    """The path of each part that the file has; of a Secret, ``stringData`` before ``data``."""
    return find_places(record.shape, record.plain)


def find_places(
    shape: tuple[tuple[str, LeafType, str], ...], plain: tuple[PlainLeaf, ...]
) -> dict[str, str]:
    """The same of a file's shape and readable leaves."""
    shown = {path for path, _, encoding in shape if encoding in _SHOWN}
    is_secret = any(leaf.path == "kind" and leaf.text == "Secret" for leaf in plain)
    found = {part: _place(part, shown, is_secret=is_secret) for part in PARTS}
    return {part: path for part, path in found.items() if path is not None}


def _place(part: str, shown: Container[str], *, is_secret: bool) -> str | None:
    candidates = [f"{entries}.{part}" for entries in ENTRIES] if is_secret else [part]
    return next((path for path in candidates if path in shown), None)


def name_of(part: str, places: Mapping[str, str]) -> str:
    """What the field of a part is called: by its path, and one that a person added by its part."""
    return places.get(part, part)
