"""The file of a keyset: from a document to a ``Keyset``, and from a change to edits.

The schema is closed and ordered. SOPS authenticates the values of a file but not the
names of its readable keys, so anything in another place than where we would write it is
a defect::

    schema, name, kind, version, active, rotation_id,
    keys: {KID: {status, since, value | fingerprint}, ...},
    terms: [statements of ``terms``]

A file of the first schema has no ``terms`` and keeps who confirmed in a last text,
``confirmed``. It is read, and the next move writes the second one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NoReturn

from plana_secrets.document.edits import Edit, SetLeaf, Unset
from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.rotation.instants import format_instant, parse_instant
from plana_secrets.rotation.keyset import Key, Keyset, Status, find_faults
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.rotation.material import is_fingerprint
from plana_secrets.rotation.terms import format_terms, parse_terms
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Defect, Document, Item, Leaf, LeafType, Severity, Structure

FIRST_SCHEMA: Final = "plana-secrets/keyset/1"
SCHEMA: Final = "plana-secrets/keyset/2"
CHECK: Final = "keyset-schema"

_HEAD: Final = ("schema", "name", "kind", "version", "active", "rotation_id")
_DIGITS: Final = 18
_ROTATION_ID: Final = re.compile(r"r[0-9a-f]{16}")


def file_of(folder: str, name: str) -> str:
    """Where the keyset ``name`` is, relative to the repository."""
    return f"{folder}/{name}.yaml"


def name_of(folder: str, file: str) -> str | None:
    """The keyset that a file is by its place, or None where it is no keyset file."""
    if not file.startswith(f"{folder}/") or not file.endswith(".yaml"):
        return None
    return file.removeprefix(f"{folder}/").removesuffix(".yaml")


def read_keyset(document: Document, file: str) -> Keyset:
    """The keyset of an opened file, with the values.

    Raises:
        MalformedError: it is not exactly of the schema (kind ``keyset-schema``).
    """
    return _sound(parse_keyset(document.structure, document.values), file)


def read_keyset_shape(structure: Structure, file: str) -> Keyset:
    """The keyset without its values, where there is no identity; the MAC is then not checked.

    Raises:
        MalformedError: it is not exactly of the schema (kind ``keyset-schema``).
    """
    return _sound(parse_keyset(structure), file)


def _sound(parsed: Keyset | Defect, file: str) -> Keyset:
    if isinstance(parsed, Defect):
        place = f"{file}:{parsed.line}" if parsed.line else file
        raise MalformedError(f"{place}: {parsed.message}", kind=CHECK, file=file)
    return parsed


def parse_keyset(
    structure: Structure, values: Sequence[Secret | None] | None = None
) -> Keyset | Defect:
    """The keyset, or the first thing in the file that is not of the schema."""
    reader = _Reader(structure.items, values)
    try:
        return reader.read()
    except _NotOfSchema as stop:
        return stop.defect


class _NotOfSchema(Exception):  # noqa: N818 - caught ten lines above, never seen outside
    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.check)
        self.defect = defect


class _Reader:
    """One pass over the items, each compared with what must come next."""

    def __init__(self, items: Sequence[Item], values: Sequence[Secret | None] | None) -> None:
        self._items = items
        self._values = values
        self._at = 0

    def read(self) -> Keyset:
        head = {name: self._readable((name,), LeafType.INT if name == "version" else LeafType.STR)
                for name in _HEAD}  # fmt: skip
        if head["schema"] not in {SCHEMA, FIRST_SCHEMA}:
            self._stop("an unknown schema", 0)
        if head["kind"] not in KINDS:
            self._stop("an unknown kind of keyset", 2)
        if not _ROTATION_ID.fullmatch(head["rotation_id"]):
            self._stop("an invalid rotation_id", 5)
        keyset = Keyset(
            head["name"],
            head["kind"],
            self._version(head["version"]),
            head["rotation_id"],
            tuple(self._keys(head["kind"])),
        )
        for fault in find_faults(keyset):
            self._stop(fault, len(_HEAD))
        if keyset.active.kid != head["active"]:
            self._stop("active does not name the active key", 4)
        if head["schema"] == FIRST_SCHEMA:
            return replace(keyset, confirmed=self._confirmed())
        return self._with_terms(keyset)

    def _version(self, text: str) -> int:
        if len(text) > _DIGITS:
            self._stop("an invalid version", 3)
        return int(text)

    def _with_terms(self, keyset: Keyset) -> Keyset:
        """The rest of a file of the second schema: statements, each its own name in its value."""
        start = self._at
        lines: list[str] = []
        while self._peek() is not None:
            lines.append(self._readable(("terms", len(lines))))
        try:
            terms, confirmed = parse_terms(lines, KINDS[keyset.kind].WAITS)
        except ValueError as error:
            self._stop(str(error), start)
        live = sorted(key.kid for key in keyset.keys if key.status is not Status.DESTROYED)
        if [kid for kid, _ in terms.lifetimes] != live:
            self._stop("each key that has a value has one lifetime", start)
        return replace(keyset, terms=terms, confirmed=confirmed)

    def _keys(self, kind: str) -> Iterator[Key]:
        while (item := self._peek()) is not None and item.path[:1] == ("keys",):
            if len(item.path) != 3 or not isinstance(item.path[1], str):
                self._stop("it does not belong in keys")
            yield self._key(item.path[1], kind)

    def _key(self, kid: str, kind: str) -> Key:
        start = self._at
        text = self._readable(("keys", kid, "status"))
        if text not in set(Status):
            self._stop("an unknown status", start)
        status = Status(text)
        since = self._since(kid)
        if status is Status.DESTROYED:
            fingerprint = self._readable(("keys", kid, "fingerprint"))
            if not is_fingerprint(fingerprint):
                self._stop("an invalid fingerprint", self._at - 1)
            return Key(kid, status, since, None, fingerprint)
        return Key(kid, status, since, self._value(kid, kind))

    def _since(self, kid: str) -> datetime | None:
        leaf = self._next(("keys", kid, "since"))
        if leaf.type is LeafType.NULL:
            return None
        try:
            return parse_instant(self._text(leaf, LeafType.STR))
        except ValueError:
            self._stop("since is not an instant like 2026-01-31T10:00:00Z", self._at - 1)

    def _value(self, kid: str, kind: str) -> Secret | None:
        leaf = self._next(("keys", kid, "value"))
        if leaf.token is None or leaf.type is not LeafType.STR:
            self._stop("the value is not an encrypted string", self._at - 1)
        if self._values is None:
            return None
        value = self._values[self._at - 1]
        if value is None or not KINDS[kind].is_value(value):
            self._stop("the value is not valid for this kind", self._at - 1)
        return value

    def _confirmed(self) -> tuple[str, ...]:
        if self._peek() is None:
            return ()
        names = self._readable(("confirmed",)).split(" ")
        if self._peek() is not None:
            self._stop("nothing can follow")
        if names != sorted(set(names)) or "" in names:
            self._stop("confirmed is not a sorted list of names", self._at - 1)
        return tuple(names)

    def _readable(self, path: LeafPath, type_: LeafType = LeafType.STR) -> str:
        return self._text(self._next(path), type_)

    def _text(self, leaf: Leaf, type_: LeafType) -> str:
        if leaf.type is not type_ or leaf.plain is None or leaf.token is not None:
            self._stop(f"it must be a readable {type_}", self._at - 1)
        return leaf.plain.reveal_text()

    def _next(self, path: LeafPath) -> Leaf:
        item = self._peek()
        if not isinstance(item, Leaf) or item.path != path:
            self._stop(f"{format_path(path)} must be here")
        self._at += 1
        return item

    def _peek(self) -> Item | None:
        return self._items[self._at] if self._at < len(self._items) else None

    def _stop(self, message: str, at: int | None = None) -> NoReturn:
        at = min(self._at if at is None else at, len(self._items) - 1)
        item = self._items[at] if at >= 0 else None
        place = (item.line, item.path or None) if item else (None, None)
        words = f"does not match the keyset schema: {message}"
        raise _NotOfSchema(Defect(CHECK, Severity.ERROR, words, *place))


def plan_file_edits(before: Keyset | None, after: Keyset) -> list[Edit]:
    """The edits that turn the file of ``before`` into the file of ``after``.

    Leaves that stay are not named, so that they keep their ciphertext.
    """
    old = _leaves(before) if before else {}
    new = _leaves(after)
    gone: list[Edit] = []
    if _terms_of(old) != _terms_of(new):  # a list is written whole: its entries have no names
        gone = [Unset(("terms",))] if _terms_of(old) else []
        old = {path: leaf for path, leaf in old.items() if path[0] != "terms"}
    gone += [Unset(path) for path in old if path not in new]
    changed: list[Edit] = [
        SetLeaf(path, value, type_)
        for path, (value, type_) in new.items()
        if old.get(path) != (value, type_)
    ]
    return gone + changed


_Leaves = dict[LeafPath, tuple[Secret, LeafType]]


def _terms_of(leaves: _Leaves) -> list[tuple[Secret, LeafType]]:
    return [leaf for path, leaf in leaves.items() if path[0] == "terms"]


def _leaves(keyset: Keyset) -> _Leaves:
    schema = FIRST_SCHEMA if keyset.terms is None else SCHEMA
    head = (schema, keyset.name, keyset.kind, str(keyset.version), keyset.active.kid)
    texts = zip(_HEAD, (*head, keyset.rotation_id), strict=True)
    leaves: _Leaves = {
        (name,): (Secret.from_text(text), LeafType.INT if name == "version" else LeafType.STR)
        for name, text in texts
    }
    for key in keyset.keys:
        leaves |= _key_leaves(key)
    if keyset.terms is not None:
        lines = format_terms(keyset.terms, keyset.confirmed)
        for at, line in enumerate(lines):
            leaves["terms", at] = (Secret.from_text(line), LeafType.STR)
    elif keyset.confirmed:
        leaves["confirmed",] = (Secret.from_text(" ".join(keyset.confirmed)), LeafType.STR)
    return leaves


def _key_leaves(key: Key) -> _Leaves:
    since = Secret.from_text(format_instant(key.since) if key.since else "")
    if key.value is None:
        last = ("fingerprint", Secret.from_text(key.fingerprint or ""))
    else:
        last = ("value", key.value)
    return {
        ("keys", key.kid, "status"): (Secret.from_text(key.status), LeafType.STR),
        ("keys", key.kid, "since"): (since, LeafType.STR if key.since else LeafType.NULL),
        ("keys", key.kid, last[0]): (last[1], LeafType.STR),
    }


ADVICE: Final = {
    "keyset-schema": "restore the file from git; keyset files are written only by `rotate`",
}
