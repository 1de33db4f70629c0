"""Content from dotenv and JSON, and back. Pure.

What a format cannot hold is an error that names the path: nothing is dropped or changed on
the way out, and nothing is guessed on the way in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from plana_secrets import limits
from plana_secrets.document.astyped import without_marks
from plana_secrets.document.dotenv import (
    name_problem,
    parse_dotenv,
    value_problem,
    write_assignment,
)
from plana_secrets.document.edits import Content
from plana_secrets.document.kinds import ENTRIES, is_secret_manifest
from plana_secrets.document.manifest import decode_data
from plana_secrets.document.values import written
from plana_secrets.errors import FailedError, MalformedError, UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.formats import Format
from plana_secrets.sops.model import Comment, Document, Empty, Item, Leaf, LeafType
from plana_secrets.sops.reading.containers import read_events
from plana_secrets.sops.reading.jsonevents import JsonEvents
from plana_secrets.sops.reading.jsonvalues import to_json_text
from plana_secrets.sops.reading.parts import Container, Scalar, Tree
from plana_secrets.sops.reading.scalars import NO_NUMBERS, format_float
from plana_secrets.sops.reading.source import read_source

_CONSTANTS: Final = {
    "true": (LeafType.BOOL, b"True"),
    "false": (LeafType.BOOL, b"False"),
    "null": (LeafType.NULL, b""),
}
_FLOAT: Final = re.compile(r"[-0-9.]{1,40}(?:[eE][+-]?[0-9]{1,3})?")
_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Imported:
    """``is_typed``: the format knows numbers. ``comments``: how many are left out."""

    content: Content
    is_typed: bool
    comments: int = 0


def read_import(data: Secret, form: Format) -> Imported:
    """The content of a plain file in dotenv or JSON. A byte order mark and CRLF are taken.

    Raises:
        MalformedError: kinds ``bad-dotenv``, ``bad-json`` with the line, and never a value.
        UsageError: it holds nothing (kind ``nothing-to-import``), or is encrypted by sops.
    """
    text = _text_of(without_marks(data.reveal()), form)
    found = _from_dotenv(text) if form is Format.DOTENV else _from_json(text)
    if all(isinstance(item, Comment) for item in found.content.items):
        raise UsageError("there is nothing in it to import", kind="nothing-to-import")
    return found


def _text_of(data: bytes, form: Format) -> str:
    if form is Format.DOTENV:
        text, problems = read_source(data)
        for defect in problems:
            place = f"line {defect.line}: " if defect.line else ""
            raise MalformedError(f"{place}{defect.message}", kind="bad-dotenv", line=defect.line)
        return text
    if len(data) > limits.SECRET_FILE:
        size = limits.in_words(limits.SECRET_FILE)
        raise FailedError(f"larger than {size}", kind="too-large", limit=size)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedError(f"line {line}: not UTF-8", kind="bad-json", line=line) from None


def _from_dotenv(text: str) -> Imported:
    found = parse_dotenv(text)
    if any(one.name == "sops_mac" for one in found.assignments):
        raise _encrypted()
    entries: list[tuple[Item, Secret]] = []
    for one in found.assignments:
        entries += map(_comment, one.remarks)
        entries.append((_leaf((one.name,), one.line, LeafType.STR), one.value))
    entries += map(_comment, found.rest)
    kept = [(item, value) for item, value in entries if _can_be_held(item, value)]
    items, values = [item for item, _ in kept], [value for _, value in kept]
    left_out = len(entries) - len(kept)
    return Imported(Content(tuple(items), tuple(values)), is_typed=False, comments=left_out)


def _comment(text: Secret) -> tuple[Item, Secret]:
    return Comment((), 0, in_scope=True, token=None, plain=None), text


def _can_be_held(item: Item, value: Secret) -> bool:
    """Whether it is no comment that is empty, or that YAML or sops would take for another."""
    if not isinstance(item, Comment):
        return True
    text = value.reveal_text()
    is_clean = all(one == "\t" or one.isprintable() for one in text)
    return is_clean and bool(text.strip()) and "ENC[" not in text


def _from_json(text: str) -> Imported:
    tree = Tree(text)
    tree.spans = None
    read_events(tree, JsonEvents(text), "JSON")
    if tree.metadata is not None:
        raise _encrypted()
    for defect in tree.defects:
        raise _bad_json(defect.message, defect.line, defect.path)
    items: list[Item] = []
    values: list[Secret | None] = []
    for entry in tree.scalars:
        if isinstance(entry, Container):
            if entry.path:
                items.append(Empty(entry.path, entry.line, "list" if entry.is_list else "map"))
                values.append(None)
        elif entry.step is None:
            raise _bad_json("an encrypted comment of sops", entry.line, entry.container.path)
        else:
            path = (*entry.container.path, entry.step)
            kind, value = _typed(entry, path)
            items.append(_leaf(path, entry.line, kind))
            values.append(Secret(value))
    return Imported(Content(tuple(items), tuple(values)), is_typed=True)


def _leaf(path: LeafPath, line: int, kind: LeafType) -> Leaf:
    return Leaf(path, line, kind, in_scope=True, token=None, plain=None)


def _typed(scalar: Scalar, path: LeafPath) -> tuple[LeafType, bytes]:
    """The type and sops's bytes of a JSON scalar, where no digit is lost."""
    text = scalar.value
    if not scalar.plain:
        return LeafType.STR, text.encode()
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text.removeprefix("-").isdigit():
        if int(text[:25]) in _INT64 and str(int(text[:25])) == text:
            return LeafType.INT, text.encode()
    elif _FLOAT.fullmatch(text) and Decimal(text) == Decimal(repr(float(text))):
        return LeafType.FLOAT, format_float(float(text))
    raise _bad_json("a number that would change in YAML; quote it", scalar.line, path)


def _bad_json(message: str, line: int | None, path: LeafPath | None) -> MalformedError:
    place = f"line {line}: " if line else ""
    where = f"{format_path(path)}: " if path else ""
    return MalformedError(f"{place}{where}{message}", kind="bad-json", line=line)


def _encrypted() -> UsageError:
    return UsageError("it is encrypted by sops", kind="import-encrypted")


@dataclass(frozen=True, slots=True)
class Exported:
    """``as_text``: paths of times, for which JSON has only text."""

    text: Secret
    values: int
    as_text: tuple[LeafPath, ...] = ()


def export_document(document: Document, file: str, form: Format) -> Exported:
    """A document as dotenv or JSON; of a Secret manifest its entries, decoded, as a flat map.

    Raises:
        UsageError: the format cannot hold it (kind ``not-exportable``): the message names
            the paths and no value.
    """
    entries = [*_entries(document)]
    problems = [
        f"{format_path(entry.path)}: {problem}"
        for entry in entries
        if (problem := _problem(entry, form))
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise UsageError(
            f"{file} cannot be written as {form}: {'; '.join(problems[:3])}{more}",
            kind="not-exportable",
            file=file,
        )
    if form is Format.DOTENV:
        lines = [write_assignment(str(entry.steps[0]), entry.text or "") for entry in entries]
        return Exported(Secret.from_text("".join(lines)), len(entries))
    if is_secret_manifest(document):
        flat = {str(entry.steps[0]): entry.text for entry in entries}
        text = json.dumps(flat, indent="\t", ensure_ascii=False) + "\n"
    else:
        text = to_json_text(document, reveal=True)
    times = tuple(entry.path for entry in entries if _type_of(entry.item) is LeafType.TIME)
    return Exported(Secret.from_text(text), len(entries), times)


@dataclass(frozen=True, slots=True)
class _Entry:
    """``steps``: the path without the map of a Secret around it; ``text`` None: there is none."""

    path: LeafPath
    steps: LeafPath
    item: Item
    text: str | None


def _entries(document: Document) -> Iterator[_Entry]:
    """In a Secret, stringData wins over data, as in Kubernetes."""
    items = document.structure.items
    is_manifest = is_secret_manifest(document)
    winning = {item.path[1:] for item in items if item.path[:1] == ("stringData",)}
    for item, value in zip(items, document.values, strict=True):
        path, is_encoded = item.path, is_manifest and item.path[:1] == ("data",)
        if isinstance(item, Comment):
            continue
        if is_manifest and (path[0] not in ENTRIES or len(path) == 1):
            continue
        if not (is_encoded and path[1:] in winning):
            steps = path[1:] if is_manifest else path
            yield _Entry(path, steps, item, _text(item, value, is_encoded=is_encoded))


def _text(item: Item, value: Secret | None, *, is_encoded: bool) -> str | None:
    if _type_of(item) in {None, LeafType.NULL} or value is None or not isinstance(item, Leaf):
        return None
    content = decode_data(value) if is_encoded else Secret(written(item.type, value))
    try:
        return None if content is None else content.reveal_text()
    except ValueError:
        return None


def _problem(entry: _Entry, form: Format) -> str | None:
    kind = _type_of(entry.item)
    if form is Format.JSON:
        if kind is LeafType.FLOAT and entry.text in NO_NUMBERS:
            return "JSON has no infinity and no NaN"
        return "not text" if kind is LeafType.STR and entry.text is None else None
    if isinstance(entry.item, Empty):
        return f"an empty {entry.item.container}"
    if len(entry.steps) > 1:
        return "nested, and dotenv is flat"
    if entry.text is None:
        return "null" if kind is LeafType.NULL else "not text"
    return name_problem(str(entry.steps[0])) or value_problem(entry.text)


def _type_of(item: Item) -> LeafType | None:
    return item.type if isinstance(item, Leaf) else None


ADVICE: Final = {
    "bad-json": "fix that line",
    "import-encrypted": (
        "pass it as a secret file: `plana-secrets export FILE --format json` prints its values"
    ),
    "nothing-to-import": "check the file",
    "not-exportable": "JSON holds more than dotenv, and `plana-secrets get` prints any one value",
}
