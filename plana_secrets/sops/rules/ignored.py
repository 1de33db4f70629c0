"""What sops ignores at the top of a rules file without a word."""

from __future__ import annotations

from typing import Final

from plana_secrets.sops.model import Defect, Severity
from plana_secrets.sops.reading.nodes import Mapping, Scalar

_TOP_KEYS: Final = frozenset({"creation_rules", "destination_rules", "stores"})
_LONGEST_KEY: Final = 50


def top_defects(tree: Mapping) -> list[Defect]:
    """Keys that sops ignores. A list or map of any name may hold anchors; a scalar may not."""
    return [
        Defect(
            "rules-unknown-key",
            Severity.ERROR if _resembles(key, _TOP_KEYS) else Severity.NOTE,
            f"sops knows no {key!r} at the top level and ignores it",
            tree.key_lines[key],
        )
        for key, node in tree.entries.items()
        if key not in _TOP_KEYS and (isinstance(node, Scalar) or _resembles(key, _TOP_KEYS))
    ]


def _resembles(key: str, known: frozenset[str]) -> bool:
    from difflib import get_close_matches

    return len(key) <= _LONGEST_KEY and bool(get_close_matches(key, known, cutoff=0.75))
