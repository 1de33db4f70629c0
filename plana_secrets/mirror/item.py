"""How to build an item, and what an item says of itself: names, contents, digests.

Besides its fields an item has a title and a note, and staff with the right to write may
change those too. They are compared like fields, under two names that no leaf has.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.mirror.backend import (
    ActualItem,
    DesiredItem,
    Field,
    Form,
    PlainLeaf,
    Record,
)
from plana_secrets.mirror.wording import note_of
from plana_secrets.paths import format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Document, Empty, Leaf, LeafType

TITLE: Final = ".title"
NOTE: Final = ".note"

PLAIN: Final = "plain"
EMPTY_MAP: Final = "empty-map"
EMPTY_LIST: Final = "empty-list"
UNSUPPORTED: Final = "unsupported"

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Copy:
    """What is copied of a document, and the paths of what no field can show."""

    fields: tuple[Field, ...]
    shape: tuple[tuple[str, LeafType, str], ...]
    plain: tuple[PlainLeaf, ...]
    not_text: tuple[str, ...]


def copy_document(document: Document, *, is_manifest: bool) -> Copy:
    """The fields of a document in its order, its shape and its readable leaves.

    Comments are not copied: they are no values, and ``restore`` gives none back.
    """
    fields: list[Field] = []
    shape: list[tuple[str, LeafType, str]] = []
    plain: list[PlainLeaf] = []
    not_text: list[str] = []
    for item, value in zip(document.structure.items, document.values, strict=True):
        path = format_path(item.path)
        if isinstance(item, Empty):
            kind = EMPTY_MAP if item.container == "map" else EMPTY_LIST
            shape.append((path, LeafType.NULL, kind))
        elif isinstance(item, Leaf):
            encoding = UNSUPPORTED
            content = text_of(item, value)
            if content is None:
                not_text.append(path)
            elif item.in_scope:
                in_data = is_manifest and item.path[0] == "data"
                fields.append(field := show(path, item.type, content, in_data=in_data))
                encoding = field.encoding
            else:
                plain.append(PlainLeaf(path, content, item.type))
                encoding = PLAIN
            shape.append((path, item.type, encoding))
    return Copy(tuple(fields), tuple(shape), tuple(plain), tuple(not_text))


def text_of(leaf: Leaf, value: Secret | None) -> str | None:
    """The content of a leaf; None where it is not UTF-8."""
    if leaf.type is LeafType.NULL or value is None:
        return ""
    try:
        return value.reveal_text()
    except ValueError:
        return None


def show(path: str, type_: LeafType, text: str, *, in_data: bool) -> Field:
    """The field for a leaf: decoded where a Secret's ``data`` holds text in base64.

    Only where encoding again gives the very same characters: the comparison of what is
    shown then covers every byte of the file.
    """
    decoded = decode_text(text) if in_data and type_ is LeafType.STR else None
    if decoded is None:
        return Field(path, Secret.from_text(text), type_)
    return Field(path, Secret.from_text(decoded), type_, "base64")


def decode_text(text: str) -> str | None:
    """The readable text that ``text`` is the base64 of, or None."""
    try:
        decoded = base64.b64decode(text, validate=True)
        readable = decoded.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    if not readable or _CONTROL.search(readable) or encode_text(readable) != text:
        return None
    return readable


def encode_text(text: str) -> str:
    """Base64 as a Secret's ``data`` holds it."""
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def build_item(
    *,
    file: str,
    title: str,
    commit: str | None,
    collection: str | None,
    fields: Sequence[Field],
    shape: Sequence[tuple[str, LeafType, str]] = (),
    plain: Sequence[PlainLeaf] = (),
    repository: str | None = None,
    form: Form = "note",
) -> DesiredItem:
    """An item with its note and its digests."""
    note = note_of(file, commit)
    digests = {field.path: field.digest for field in fields}
    digests |= {TITLE: digest_of_text(title), NOTE: digest_of_text(note)}
    record = Record(file, commit, digests, tuple(shape), tuple(plain), repository, form=form)
    return DesiredItem(title, note, collection, tuple(fields), record)


def without_paths(item: DesiredItem, paths: frozenset[str]) -> DesiredItem:
    """The item less the leaves that a backend cannot hold; its shape says so."""
    if not paths:
        return item
    record = replace(
        item.record,
        digests={name: one for name, one in item.record.digests.items() if name not in paths},
        shape=tuple(
            (path, type_, UNSUPPORTED if path in paths else encoding)
            for path, type_, encoding in item.record.shape
        ),
    )
    fields = tuple(field for field in item.fields if field.path not in paths)
    return replace(item, fields=fields, record=record)


def contents_of(item: ActualItem) -> dict[str, Secret]:
    """Everything in an item that a person may change, by name."""
    named = {TITLE: Secret.from_text(item.title), NOTE: Secret.from_text(item.note)}
    return named | dict(item.fields)


def desired_contents(item: DesiredItem, commit: str | None) -> dict[str, Secret]:
    """What ``contents_of`` is to give; the note as it was written at ``commit``."""
    named = {
        TITLE: Secret.from_text(item.title),
        NOTE: Secret.from_text(note_of(item.file, commit)),
    }
    return named | {field.path: field.shown for field in item.fields}


def digest_of_text(text: str) -> str:
    return digest_of(Secret.from_text(text))


def digest_of(content: Secret) -> str:
    """As ``Field.digest``."""
    return hashlib.sha256(content.reveal()).hexdigest()
