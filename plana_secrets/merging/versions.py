"""The versions of a file that are merged, as they came."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Versions:
    """Of one file, as ciphertext. ``base`` None: both sides added it."""

    base: bytes | None
    ours: bytes
    theirs: bytes

    def to_texts(self) -> dict[str, str | None]:
        """As JSON can hold them: base64, by their names."""
        base = None if self.base is None else _text(self.base)
        return {"base": base, "ours": _text(self.ours), "theirs": _text(self.theirs)}

    @classmethod
    def from_texts(cls, content: Mapping[str, Any]) -> Versions:
        """What ``to_texts`` gave.

        Raises:
            AttributeError, ValueError, KeyError, TypeError: it is something else.
        """
        base, ours, theirs = (content[name] for name in ("base", "ours", "theirs"))
        return cls(None if base is None else _bytes(base), _bytes(ours), _bytes(theirs))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
