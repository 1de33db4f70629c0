"""An item that waits to be written or compared, in a tenth of the memory. Pure.

A first mirror holds all files until the server shows their items. What is built of a file's
leaves, digests above all, is built again when the item has its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from plana_secrets.mirror.backend import DesiredItem, Field, Form, PlainLeaf
from plana_secrets.mirror.item import PLAIN, build_item
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType

_Leaf = tuple[str, LeafType, str, bytes | None]
"""An entry of the shape; of a field with what it shows, of a readable leaf with its text."""

_LEAVES: Final = msgspec.msgpack.Decoder(tuple[_Leaf, ...])


@dataclass(frozen=True, slots=True)
class PackedItem:
    """A ``Desired`` item; ``opened`` is equal to the one that was packed."""

    file: str
    title: str
    collection: str | None
    commit: str | None
    repository: str | None
    form: Form
    leaves: Secret

    @classmethod
    def of(cls, item: DesiredItem) -> PackedItem:
        """``item`` is a whole file as ``build_item`` builds it."""
        record = item.record
        leaves = Secret(msgspec.msgpack.encode(list(_leaves_of(item))))
        return cls(
            record.file,
            item.title,
            item.collection,
            record.commit,
            record.repository,
            record.form,
            leaves,
        )

    def opened(self) -> DesiredItem:
        leaves = _LEAVES.decode(self.leaves.reveal())
        return build_item(
            file=self.file,
            title=self.title,
            commit=self.commit,
            collection=self.collection,
            fields=list(_fields_of(leaves)),
            shape=[(path, type_, encoding) for path, type_, encoding, _ in leaves],
            plain=[
                PlainLeaf(path, text.decode(), type_)
                for path, type_, encoding, text in leaves
                if encoding == PLAIN and text is not None
            ],
            repository=self.repository,
            form=self.form,
        )


def _leaves_of(item: DesiredItem) -> Iterator[_Leaf]:
    shown = {field.path: field.shown.reveal() for field in item.fields}
    shown |= {leaf.path: leaf.text.encode() for leaf in item.record.plain}
    for path, type_, encoding in item.record.shape:
        yield path, type_, encoding, shown.get(path)


def _fields_of(leaves: Iterable[_Leaf]) -> Iterator[Field]:
    for path, type_, encoding, shown in leaves:
        if encoding != PLAIN and shown is not None:
            content = Secret(shown)
            yield Field(path, content, type_, "base64" if encoding == "base64" else "text")
