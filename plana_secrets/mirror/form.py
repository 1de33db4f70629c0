"""The form that an item has in anything that Bitwarden clients read.

A secure note; one hidden field a leaf, named by its path; behind them, in hidden fields
whose names no leaf can have, the record: which file the item mirrors, from which commit,
what each field was when we wrote it, and the shape from which the file can be rebuilt.
The limits are those of Bitwarden's own clients and server, even if a server that speaks
the same protocol may let through: an item is good for nothing that a client cannot show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import DesiredItem, Field, Record, Unsupported
from plana_secrets.mirror.item import NOTE, TITLE
from plana_secrets.mirror.record import RECORD_FIELD, decode_record, encode_record
from plana_secrets.secret import Secret

TITLE_LIMIT: Final = 687
NAME_LIMIT: Final = 687
VALUE_LIMIT: Final = 3_695
NOTE_LIMIT: Final = 7_439
"""Bytes of plaintext that fit into 1,000, 1,000, 5,000 and 10,000 encrypted characters."""

FIELDS_LIMIT: Final = 2_000
"""Fields of one item; far above any file that people keep, far below a request's limit."""

_RECORD_NAME: Final = re.compile(re.escape(RECORD_FIELD) + r"(?: ([1-9][0-9]{0,4}))?")
_CHUNK: Final = 3_600
_PER_BYTE: Final = 1.9
"""Of a record that does not get smaller: in base64, sealed in fields of ``_CHUNK``, which is base64
again."""
_AROUND_FIELD: Final = 47
_AROUND_SEALED: Final = 72


@dataclass(frozen=True, slots=True)
class TakenApart:
    """What the fields of an item hold.

    ``carries_record`` without ``record``: it is one of our items, with a broken record.
    """

    fields: dict[str, Secret]
    record: Record | None
    carries_record: bool


def find_unsupported(item: DesiredItem) -> tuple[Unsupported, ...]:
    """What of ``item`` the clients cannot hold; decided before anything is sent."""
    found = [
        Unsupported(field.path, reason)
        for field in item.fields
        if (reason := _why_not(field.path, field.shown))
    ]
    if len(item.title.encode()) > TITLE_LIMIT:
        found.append(Unsupported(None, f"the title is longer than {TITLE_LIMIT} bytes"))
    if len(item.note.encode()) > NOTE_LIMIT:
        found.append(Unsupported(None, f"the note is longer than {NOTE_LIMIT} bytes"))
    if len(item.fields) > FIELDS_LIMIT:
        found.append(Unsupported(None, f"more than {FIELDS_LIMIT} values in one file"))
    return tuple(found)


def _why_not(path: str, shown: Secret) -> str | None:
    if len(path.encode("utf-8", "surrogatepass")) > NAME_LIMIT:
        return f"the path is longer than {NAME_LIMIT} bytes"
    if len(shown.reveal()) > VALUE_LIMIT:
        return f"the value is longer than {VALUE_LIMIT} bytes"
    try:
        shown.reveal_text()
    except ValueError:
        return "the value is not UTF-8 text"
    return None


def weigh(item: DesiredItem) -> tuple[int, Mapping[str, int]]:
    """How many bytes the encrypted fields of ``item`` have at most: those of an item
    without leaves, and those that each path of its shape adds.

    They add up, whatever is put together, since what compression saves is not counted.
    """
    fields = {field.path: field for field in item.fields}
    plain = {leaf.path: leaf.text for leaf in item.record.plain}
    record = item.record
    paths = {
        path: _in_record([path, type_, encoding, record.digests.get(path)], plain.get(path))
        + (_sealed_field(fields[path]) if path in fields else 0)
        for path, type_, encoding in record.shape
    }
    around = _in_record([record.file, record.repository, "x" * 500], None)
    return around + 2 * (_AROUND_FIELD + _AROUND_SEALED), paths


def is_heavier(item: DesiredItem, size: int | None) -> bool:
    """Whether ``item`` weighs more than ``size``; None: nothing does."""
    if size is None:
        return False
    around, paths = weigh(item)
    return around + sum(paths.values()) > size


def _in_record(entry: object, plain: str | None) -> int:
    text = json.dumps(entry, separators=(",", ":"))
    readable = "" if plain is None else json.dumps([text, plain])
    return int((len(text) + len(readable) + 2) * _PER_BYTE) + 1


def _sealed_field(field: Field) -> int:
    name = len(field.path.encode("utf-8", "surrogatepass"))
    return _AROUND_FIELD + _sealed(name) + _sealed(len(field.shown.reveal()))


def _sealed(length: int) -> int:
    """Characters of the encrypted form of so many bytes."""
    return _AROUND_SEALED + -(-16 * (length // 16 + 1) // 3) * 4


def compose(item: DesiredItem) -> tuple[tuple[str, Secret], ...]:
    """The fields of the item, by name, in the order in which people see them."""
    leaves = [(field.path, field.shown) for field in item.fields]
    text = encode_record(item.record)
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    record = [
        (RECORD_FIELD if number == 1 else f"{RECORD_FIELD} {number}", Secret.from_text(chunk))
        for number, chunk in enumerate(chunks, start=1)
    ]
    return (*leaves, *record)


def take_apart(pairs: Iterable[tuple[str, Secret]]) -> TakenApart:
    """Fields of leaves on one side, the record on the other.

    A name that comes twice (clients allow it) is kept as ``NAME (2)``, so that nothing
    that a person added is overlooked.
    """
    fields: dict[str, Secret] = {}
    chunks: dict[int, Secret] = {}
    for name, value in pairs:
        match = _RECORD_NAME.fullmatch(name)
        if match:
            chunks.setdefault(int(match.group(1) or 1), value)
        else:
            fields[_free_name(name, fields)] = value
    return TakenApart(fields, _join(chunks), bool(chunks))


def _free_name(name: str, taken: dict[str, Secret]) -> str:
    if name not in taken and name not in {TITLE, NOTE}:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def _join(chunks: dict[int, Secret]) -> Record | None:
    if not chunks or sorted(chunks) != list(range(1, len(chunks) + 1)):
        return None
    content = b"".join(chunks[number].reveal() for number in sorted(chunks))
    try:
        return decode_record(content.decode("utf-8"))
    except (MalformedError, UnicodeDecodeError):
        return None
