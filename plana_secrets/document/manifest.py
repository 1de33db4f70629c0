"""Which fields of a Kubernetes Secret manifest may be readable: a closed list."""

from __future__ import annotations

from typing import Final

from plana_secrets.paths import LeafPath

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
