"""What a typed text means: from what a person hands over to the bytes that sops keeps.

sops keeps a canonical text of each typed value (``True``, ``31``, ``1.5``). The bytes
created here are the ones that a reader gets back, so that a plan can be compared with
what sops wrote, byte for byte.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType
from plana_secrets.sops.reading.scalars import NO_NUMBERS, format_float

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_TRUTHS: Final = {"true": b"True", "false": b"False"}
_NULLS: Final = {"": b""}

SETTABLE_TYPES: Final = (LeafType.STR, LeafType.INT, LeafType.FLOAT, LeafType.BOOL)
"""Times, nulls and bytes come into a file by an editor only."""


def canonical_value(value: Secret, leaf_type: LeafType) -> Secret:
    """The bytes that sops keeps for ``value`` as a ``leaf_type``.

    Raises:
        UsageError: the value is not one of that type (kind ``bad-value``). The message
            tells the type, never the value.
    """
    try:
        text = value.reveal_text()
    except ValueError:
        raise UsageError("the value is not UTF-8 text", kind="not-text") from None
    if leaf_type is LeafType.STR:
        return value
    read = _READERS.get(leaf_type)
    canonical = read(text.strip()) if read else None
    if canonical is None:
        raise UsageError(f"the value is not of type {leaf_type}", kind="bad-value", type=leaf_type)
    return Secret(canonical)


def _integer(text: str) -> bytes | None:
    if not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        return None
    return str(int(text)).encode("ascii")


def _float(text: str) -> bytes | None:
    if text in NO_NUMBERS:
        return text.encode("ascii")
    if not _FLOAT.fullmatch(text) or not math.isfinite(float(text)):
        return None
    return format_float(float(text))


def written(leaf_type: LeafType, value: Secret) -> bytes:
    """A value as YAML and JSON write it: ``true``, not sops's own ``True``."""
    if leaf_type is LeafType.BOOL:
        return value.reveal().lower()
    return b"null" if leaf_type is LeafType.NULL else value.reveal()


_READERS: Final[dict[LeafType, Callable[[str], bytes | None]]] = {
    LeafType.INT: _integer,
    LeafType.FLOAT: _float,
    LeafType.BOOL: lambda text: _TRUTHS.get(text.lower()),
    LeafType.NULL: _NULLS.get,
}


ADVICE: Final = {
    "not-text": "pass --encode to encode the value as base64",
}
