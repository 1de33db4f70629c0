"""How a file is spelled as secrets: one for each leaf, and one that holds its record.

A leaf's key is ``file#path``, and its note says where to change it and, behind a word
that marks it, what was written: so the secret is known again under any key, and a run that was
killed leaves nothing that the next one cannot read. The record's secret has the item's title
as its key and the item's note as its note.

The server's limits: a key of 500 characters, a value of 25,000, a note of 7,000. The SDK
takes blanks off both ends of keys and notes, and the server refuses an empty value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import DesiredItem, Field, Record, Unsupported
from plana_secrets.mirror.backends.bitwarden_sm.client import Content
from plana_secrets.mirror.record import decode_record, encode_record, pack_record, unpack_record
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType

KEY_LENGTH: Final = 500
VALUE_LENGTH: Final = 25_000
NOTE_LENGTH: Final = 7_000

_LEAF: Final = "plana-secrets leaf: "
_RECORD: Final = "plana-secrets record: "
_SCHEMA: Final = "plana-secrets/mirror-leaf/1"


@dataclass(frozen=True, slots=True)
class LeafMark:
    """What a leaf's note says. ``digest``: of the value as it was written, None for none.

    ``repository``: the id of the one that wrote it, as in the record.
    """

    repository: str | None
    file: str
    path: str
    digest: str | None
    type: LeafType
    encoding: str


def key_of(file: str, path: str) -> str:
    return f"{file}#{path}"


def leaf_content(item: DesiredItem, field: Field, project: str) -> Content:
    """The secret for one leaf of ``item``."""
    digest = item.record.digests.get(field.path)
    whose = item.record.repository
    mark = [_SCHEMA, whose, item.file, field.path, digest, str(field.type), field.encoding]
    note = f"{_where(item)}\n\n{_LEAF}{pack_record(mark)}"
    return Content(key_of(item.file, field.path), field.shown, note, project)


def _where(item: DesiredItem) -> str:
    return item.note.partition("\n")[0][:KEY_LENGTH]


def record_content(item: DesiredItem, project: str) -> Content:
    """The secret for the record; the digests of the leaves are in their own notes."""
    named = {field.path for field in item.fields}
    digests = {name: digest for name, digest in item.record.digests.items() if name not in named}
    kept = {name: "" for name in item.record.digests if name in named}
    record = replace(item.record, digests=digests | kept)
    value = Secret.from_text(_RECORD + encode_record(record))
    return Content(item.title, value, item.note, project)


def read_mark(note: str) -> LeafMark | None:
    """What a leaf's note says; None: it is not a leaf's, or no longer."""
    before, found, packed = note.rpartition(_LEAF)
    if not found or (before and not before.endswith("\n")):
        return None
    try:
        schema, whose, file, path, digest, type_, encoding = unpack_record(packed.strip())
        if schema != _SCHEMA or not all(isinstance(one, str) for one in (file, path, encoding)):
            return None
        if not all(one is None or isinstance(one, str) for one in (whose, digest)):
            return None
        return LeafMark(whose, file, path, digest, LeafType(type_), encoding)
    except (ValueError, TypeError):
        return None


def is_record(content: Content) -> bool:
    return content.value.reveal().startswith(_RECORD.encode())


def read_record(content: Content) -> Record | None:
    """The record, its leaves' digests empty; None: it was changed by hand."""
    try:
        return decode_record(content.value.reveal_text().removeprefix(_RECORD))
    except (MalformedError, ValueError):
        return None


def find_unsupported(item: DesiredItem) -> tuple[Unsupported, ...]:
    """The leaves that the server would not hold as they are."""
    found = [
        Unsupported(field.path, reason)
        for field in item.fields
        if (reason := _why_not(item.file, field))
    ]
    record = record_content(item, "")
    if len(record.value.reveal()) > VALUE_LENGTH:
        found.append(Unsupported(None, "the file has too many values for one record"))
    elif item.title != item.title.strip() or not 0 < len(item.title) <= KEY_LENGTH:
        found.append(Unsupported(None, f"its title is not one of 1 to {KEY_LENGTH} characters"))
    elif len(item.note) > NOTE_LENGTH:
        found.append(Unsupported(None, f"its name is too long for a note of {NOTE_LENGTH}"))
    return tuple(found)


def _why_not(file: str, field: Field) -> str | None:
    text = field.shown.reveal_text()
    key = key_of(file, field.path)
    if not text.strip():
        return "Secrets Manager does not store an empty value, or one of blanks only"
    if len(text) > VALUE_LENGTH:
        return f"the value has more than {VALUE_LENGTH:,} characters"
    if len(key) > KEY_LENGTH:
        return f"file and path together have more than {KEY_LENGTH} characters"
    if key != key.strip():
        return "file and path begin or end with a blank, which the SDK removes"
    return None
