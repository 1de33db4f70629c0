"""Values that a person meant to fill in later (with the key)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from plana_secrets.document.manifest import decode_data
from plana_secrets.sops.model import Leaf
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject

_PLACEHOLDER: Final = re.compile(
    rb"(?i)\s*(?:change[-_ ]?me!*|replace[-_ ]?me|fill[-_ ]?me[-_ ]?in|fix[-_ ]?me|todo|tbd|x{3,20}"
    rb"|placeholder|<[^<>]{1,60}>|your[-_](?:[a-z]+[-_])+here)\s*"
)
"""A whole value; nothing that a service would take on purpose."""


def is_placeholder(value: bytes) -> bool:
    """Whether a value says that it was to be filled in."""
    return _PLACEHOLDER.fullmatch(value) is not None


def check_placeholders(subject: Subject) -> Iterator[Finding]:
    """Each encrypted text, also decoded where it is the base64 of a manifest."""
    document = subject.document
    if document is None:
        return
    for item, value in zip(document.structure.items, document.values, strict=True):
        if value is None or not isinstance(item, Leaf) or not item.in_scope:
            continue
        decoded = decode_data(value) if item.path[0] == "data" else None
        if any(is_placeholder(one.reveal()) for one in (value, decoded) if one is not None):
            words = "a placeholder, not a value"
            yield subject.found("placeholder-value", words, path=item.path, line=item.line)
