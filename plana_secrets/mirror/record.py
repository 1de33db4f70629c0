"""The record inside an item as text, for backends that keep it in a field.

Compact, since servers limit the length of a field and every run reads all of them: the
digest of a leaf is next to its path and type, what belongs to no leaf has a place of
its own, and the whole is compressed.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any, Final

from plana_secrets import limits
from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import Form, Part, PlainLeaf, Record
from plana_secrets.sops.model import LeafType

RECORD_FIELD: Final = "plana-secrets record"
"""The name of the field that holds the record; no leaf is spelled with a bare space."""

_SCHEMA: Final = "plana-secrets/mirror-record/1"
_SCHEMA_OF_PART: Final = "plana-secrets/mirror-record/2"
"""A release that knows no parts cannot read it, and so leaves the item alone."""
_MOST_PARTS: Final = 1_000
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def encode_record(record: Record) -> str:
    """One word of ASCII; ``decode_record`` gives back an equal record."""
    digests = dict(record.digests)
    leaves = [
        [path, str(type_), encoding, digests.pop(path, None)]
        for path, type_, encoding in record.shape
    ]
    content: dict[str, Any] = {"schema": _SCHEMA, "file": record.file, "commit": record.commit}
    content["leaves"] = leaves
    content["others"] = digests
    content["plain"] = [[leaf.path, str(leaf.type), leaf.text] for leaf in record.plain]
    if record.repository is not None:
        content["repository"] = record.repository
    if record.part is not None:
        content["schema"] = _SCHEMA_OF_PART
        content["part"] = [record.part.number, record.part.total, record.part.order]
    if record.form != "note":
        content["form"] = record.form
    return pack_record(content)


def pack_record(content: object) -> str:
    """``content`` as compressed JSON, in characters that every field takes."""
    packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode("ascii"))
    return base64.b64encode(packed).decode("ascii")


def unpack_record(text: str) -> Any:
    """What ``pack_record`` was given.

    Raises:
        ValueError: there is none, or one that grows beyond any record when it is unpacked.
    """
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(base64.b64decode(text, validate=True), limits.MIRROR_RECORD)
    except zlib.error:
        raise ValueError from None
    if not unpacking.eof:
        raise ValueError
    return json.loads(content)


def decode_record(text: str) -> Record:
    """The record that ``text`` holds.

    Raises:
        MalformedError: it is no record, or one of a newer kind (kind ``bad-record``).
    """
    try:
        content = unpack_record(text)
        if content["schema"] not in {_SCHEMA, _SCHEMA_OF_PART}:
            raise _bad()
        part = _part(*content["part"]) if content["schema"] == _SCHEMA_OF_PART else None
        return _build(content, part)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _bad() from None


def _part(number: object, total: object, order: Any) -> Part:
    runs = tuple((_positive(part), _positive(count)) for part, count in order)
    part = Part(_positive(number), _positive(total), runs)
    if part.number > part.total or part.total > _MOST_PARTS:
        raise _bad()
    return part


def _positive(value: object) -> int:
    if type(value) is not int or value < 1:
        raise TypeError
    return value


def _build(content: dict[str, Any], part: Part | None) -> Record:
    leaves = [
        (_text(path), LeafType(type_), _text(encoding), digest)
        for path, type_, encoding, digest in content["leaves"]
    ]
    digests = {path: _text(digest) for path, _, _, digest in leaves if digest is not None}
    digests |= {_text(name): _text(digest) for name, digest in content["others"].items()}
    commit = content["commit"]
    if commit is not None and not _COMMIT.fullmatch(_text(commit)):
        raise _bad()
    return Record(
        file=_text(content["file"]),
        commit=commit,
        digests=digests,
        shape=tuple((path, type_, encoding) for path, type_, encoding, _ in leaves),
        plain=tuple(
            PlainLeaf(_text(path), _text(text), LeafType(type_))
            for path, type_, text in content["plain"]
        ),
        repository=_text(content["repository"]) if "repository" in content else None,
        form=_form(content.get("form", "note")),
        part=part,
    )


def _form(value: object) -> Form:
    if value == "note" or value == "login":  # noqa: PLR1714 - so that mypy follows
        return value
    raise _bad()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _bad() -> MalformedError:
    return MalformedError("an item has a record that cannot be read", kind="bad-record")
