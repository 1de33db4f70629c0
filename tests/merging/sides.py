"""Sides of a merge without any ciphertext: for what decides, and never opens a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from plana_secrets.document.edits import Content
from plana_secrets.merging.sides import Side
from plana_secrets.secret import Secret
from plana_secrets.sops.model import (
    Document,
    Item,
    Leaf,
    Metadata,
    RecipientStanza,
    Selector,
    Structure,
    Token,
)
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.selectors import is_encrypted_path
from tests.document.test_merge import content_of

TOKEN = Token(b"data", b"iv", b"tag", "str")


def side(
    tree: Any,
    key: str = "key",
    recipients: Iterable[str] = ("age1a",),
    selector: Selector | None = None,
) -> Side:
    """What a file of this tree, or content, would be once it is opened."""
    content = tree if isinstance(tree, Content) else content_of(tree)
    by = selector or Selector()
    stanzas = tuple(RecipientStanza(one, "", 0) for one in sorted(recipients))
    metadata = Metadata(stanzas, by, False, "", None, "3.11.0", 0)
    items = [
        read(item, value, is_encrypted_path(by, item.path))
        for item, value in zip(content.items, content.values, strict=True)
    ]
    document = Document(Structure(items, metadata), list(content.values), Secret(key.encode()))
    return Side(b"", document)


def read(item: Item, value: Secret | None, in_scope: bool) -> Item:
    """What the reader makes of a leaf: an encrypted one has a token, another its value."""
    if not isinstance(item, Leaf):
        return item
    token, plain = (TOKEN, None) if in_scope else (None, value)
    return replace(item, in_scope=in_scope, token=token, plain=plain)


def rule(recipients: Iterable[str] = ("age1a",), selector: Selector | None = None) -> CreationRule:
    return CreationRule(1, 1, None, tuple(sorted(recipients)), selector or Selector())
