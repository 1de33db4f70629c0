"""What Kubernetes takes as a Secret: which fields may be readable, and what ``data`` means.

Source: https://kubernetes.io/docs/concepts/configuration/secret/
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Final

from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType

MANIFEST_MAPS: Final[frozenset[LeafPath]] = frozenset(
    {("metadata", "labels"), ("metadata", "annotations")}
)
"""Maps of the metadata whose entries may be readable, under any name."""
CREATED: Final[LeafPath] = ("metadata", "creationTimestamp")
"""kubectl writes a null there."""

DECRYPT: Final = "kustomize.toolkit.fluxcd.io/decrypt"
SUBSTITUTE: Final = "kustomize.toolkit.fluxcd.io/substitute"
"""Annotations that say, with ``DISABLED``, what Flux leaves out for a manifest.

Source: https://fluxcd.io/flux/components/kustomize/kustomizations/
"""
DISABLED: Final = "disabled"

_FIELDS: Final[Mapping[LeafPath, LeafType]] = {
    ("apiVersion",): LeafType.STR,
    ("kind",): LeafType.STR,
    ("type",): LeafType.STR,
    ("immutable",): LeafType.BOOL,
    ("metadata", "name"): LeafType.STR,
    ("metadata", "namespace"): LeafType.STR,
}


def readable_type(path: LeafPath) -> LeafType | None:
    """The type of a field that may be readable; None for one that is not on the list.

    Source: the Secret of the Kubernetes API, v1, and its ObjectMeta.
    """
    if len(path) == 3 and path[:2] in MANIFEST_MAPS and isinstance(path[2], str):
        return LeafType.STR
    return _FIELDS.get(path)


def is_readable_field(path: LeafPath) -> bool:
    """Whether a value at ``path`` belongs there in plaintext; any other is a mistake."""
    return path == CREATED or readable_type(path) is not None


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
