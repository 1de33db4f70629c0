"""What Kubernetes takes as a Secret: which fields may be readable, and what ``data`` means."""

from __future__ import annotations

import binascii
from typing import Final

from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret

_FIELDS: Final[frozenset[LeafPath]] = frozenset(
    {
        ("apiVersion",),
        ("kind",),
        ("type",),
        ("immutable",),
        ("metadata", "name"),
        ("metadata", "namespace"),
        ("metadata", "creationTimestamp"),
    }
)
_MAPS: Final[frozenset[LeafPath]] = frozenset({("metadata", "labels"), ("metadata", "annotations")})


def is_readable_field(path: LeafPath) -> bool:
    """Whether a value at ``path`` belongs there in plain; any other is a mistake."""
    return path in _FIELDS or (len(path) == 3 and path[:2] in _MAPS)


def decode_data(value: Secret) -> Secret | None:
    """The bytes that an entry of ``data`` means, or None where it is not base64.

    Kubernetes decodes with Go's ``base64.StdEncoding``: padded, in the standard alphabet,
    and line breaks are skipped, so what ``base64 FILE`` prints is valid as it is.
    Source: encoding/json ("[]byte encodes as a base64-encoded string"), encoding/base64
    ("any carriage return or line feed characters are ignored").
    """
    try:
        text = value.reveal().translate(None, b"\r\n")
        return Secret(binascii.a2b_base64(text, strict_mode=True))
    except (binascii.Error, ValueError):
        return None
