"""The JSON that Bitwarden exports and imports, for one person: folders and items.

Bitwarden's own client (bw 2026.8.0) imported one into a real Vaultwarden with every value.
Everything that is not ours is copied as it is: other items, other folders,
keys that a later version of the format may add.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import ActualItem, DesiredItem, Record
from plana_secrets.mirror.form import compose, take_apart
from plana_secrets.secret import Secret
from plana_secrets.storage import digest_of

SECURE_NOTE: Final = 2
HIDDEN: Final = 1

RawItem = dict[str, Any]


class Export:
    """An export while it is read or changed; what it holds is plaintext."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content
        self.items: list[RawItem] = content["items"]
        self._folders: list[dict[str, Any]] = content["folders"]

    @classmethod
    def empty(cls) -> Export:
        return cls({"encrypted": False, "folders": [], "items": []})

    @classmethod
    def parse(cls, text: Secret) -> Export:
        """The export that ``text`` is; a list that is missing is empty.

        Raises:
            MalformedError: it is none (kind ``malformed-mirror``).
        """
        try:
            content = json.loads(text.reveal())
        except (ValueError, RecursionError):
            raise _malformed() from None
        if not isinstance(content, dict) or content.get("encrypted") not in {False, None}:
            raise _malformed()
        for name in ("folders", "items"):
            entries = content.setdefault(name, [])
            if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
                raise _malformed()
        return cls(content)

    def to_text(self) -> Secret:
        return Secret.from_text(json.dumps(self._content, indent=2) + "\n")

    def folder_name(self, item: RawItem) -> str | None:
        wanted = item.get("folderId")
        for folder in self._folders:
            if wanted is not None and folder.get("id") == wanted:
                return _text(folder.get("name"))
        return None

    def compose_item(self, desired: DesiredItem, old: RawItem | None = None) -> RawItem:
        """``desired`` as an item; it keeps the id of the one that it replaces.

        Password history is dropped: old values would pile up there.
        """
        return {
            "passwordHistory": None,
            "revisionDate": None,
            "creationDate": None,
            "deletedDate": None,
            "id": old["id"] if old and old.get("id") else str(uuid.uuid4()),
            "organizationId": None,
            "folderId": self._folder_id(folder_of(desired.file)),
            "type": SECURE_NOTE,
            "reprompt": 0,
            "name": desired.title,
            "notes": desired.note,
            "favorite": False,
            "fields": [_hidden(name, value) for name, value in compose(desired)],
            "secureNote": {"type": 0},
            "collectionIds": None,
        }

    def _folder_id(self, name: str) -> str:
        for folder in self._folders:
            if folder.get("name") == name and isinstance(folder.get("id"), str):
                return str(folder["id"])
        made = {"id": str(uuid.uuid4()), "name": name}
        self._folders.append(made)
        return made["id"]


def export_of(actual: ActualItem) -> Export:
    """An export of one item as it is in the mirror, without the record."""
    export = Export.empty()
    export.items.append(
        {
            "id": actual.id,
            "type": SECURE_NOTE,
            "name": actual.title,
            "notes": actual.note,
            "fields": [_hidden(name, value) for name, value in actual.fields.items()],
            "secureNote": {"type": 0},
        }
    )
    return export


def _hidden(name: str, value: Secret) -> dict[str, Any]:
    return {"name": name, "value": value.reveal_text(), "type": HIDDEN, "linkedId": None}


def folder_of(file: str) -> str:
    """Bitwarden shows a folder named ``a/b`` as b inside of a."""
    return PurePosixPath(file).parent.as_posix()


def read_item(export: Export, item: RawItem) -> ActualItem | None:
    """One of our items, or None if it is not ours."""
    taken = take_apart(_pairs(item))
    if not taken.carries_record:
        return None
    return ActualItem(
        id=_text(item.get("id")),
        title=_text(item.get("name")),
        note=_text(item.get("notes")),
        collection=None,
        fields=taken.fields,
        record=taken.record,
        problems=_problems(export, item, taken.record),
        revision=revision_of(item),
    )


def revision_of(item: RawItem) -> str:
    """A digest of all that the item holds; it stays in this process."""
    return digest_of(json.dumps(item, sort_keys=True).encode("ascii"))


def _pairs(item: RawItem) -> list[tuple[str, Secret]]:
    fields = item.get("fields")
    entries = fields if isinstance(fields, list) else []
    return [
        (_text(entry.get("name")), Secret(_text(entry.get("value")).encode("utf-8", "replace")))
        for entry in entries
        if isinstance(entry, Mapping)
    ]


def _problems(export: Export, item: RawItem, record: Record | None) -> frozenset[str]:
    problems = set()
    if record is None:
        problems.add("undecryptable")
    elif export.folder_name(item) != folder_of(record.file):
        problems.add("moved")
    if item.get("type") != SECURE_NOTE:
        problems.add("retyped")
    if item.get("deletedDate") is not None:
        problems.add("trashed")
    return frozenset(problems)


def _text(value: object) -> str:
    """A JSON value as text: people who edit by hand forget quotes."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _malformed() -> MalformedError:
    return MalformedError("the mirror is not a Bitwarden export in JSON", kind="malformed-mirror")


ADVICE: Final = {
    "malformed-mirror": (
        "`mv {file} {file}.damaged` moves it away; `plana-secrets mirror sync` then creates a "
        "new one"
    ),
}
