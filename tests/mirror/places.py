"""The memory and the local backend as places of the contract, each with a hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage

from plana_secrets.age.identities import Identities, parse_identity_file
from plana_secrets.mirror.backend import ActualItem
from plana_secrets.mirror.backends.local.backend import LocalBackend
from plana_secrets.mirror.record import unpack_record
from plana_secrets.secret import Secret
from tests.fakes.memory import MemoryBackend, MemoryStore


def label_of(item: ActualItem) -> str | None:
    """The file, and which part of it the item is."""
    if item.record is None or item.record.part is None:
        return item.record.file if item.record else None
    return f"{item.record.file} ({item.record.part.number}/{item.record.part.total})"


class MemoryPlace:
    """A store in memory; its hand edits the items in it."""

    collection: str | None = "prod"

    def __init__(self, *, limit: int | None = None) -> None:
        """``limit``: of an item, in bytes."""
        self.store = MemoryStore(limit=limit)
        self.hand = MemoryHand(self.store)

    def open(self) -> MemoryBackend:
        return MemoryBackend(self.store)


class MemoryHand:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def _change(self, file: str, change: Callable[[ActualItem], ActualItem]) -> None:
        for key, item in self._store.items.items():
            if label_of(item) == file:
                changed = change(item)
                self._store.items[key] = replace(changed, revision=str(int(item.revision) + 1))
                return
        raise AssertionError(file)

    def _fields(self, file: str, change: Callable[[dict[str, Secret]], None]) -> None:
        def apply(item: ActualItem) -> ActualItem:
            fields = dict(item.fields)
            change(fields)
            return replace(item, fields=fields)

        self._change(file, apply)

    def set_field(self, file: str, path: str, text: str) -> None:
        self._fields(file, lambda fields: fields.update({path: Secret.from_text(text)}))

    def add_field(self, file: str, name: str, text: str) -> None:
        def add(fields: dict[str, Secret]) -> None:
            fields[f"{name} (2)" if name in fields else name] = Secret.from_text(text)

        self._fields(file, add)

    def remove_field(self, file: str, path: str) -> None:
        self._fields(file, lambda fields: fields.__delitem__(path))

    def set_note(self, file: str, text: str) -> None:
        self._change(file, lambda item: replace(item, note=text))

    def set_title(self, file: str, text: str) -> None:
        self._change(file, lambda item: replace(item, title=text))

    def clone(self, file: str) -> None:
        number = str(next(self._store.ids))
        for item in list(self._store.items.values()):
            if label_of(item) == file:
                self._store.items[number] = replace(item, id=number)

    def trash(self, file: str) -> None:
        self._change(file, lambda item: replace(item, problems=item.problems | {"trashed"}))

    def retype(self, file: str) -> None:
        self._change(file, lambda item: replace(item, problems=item.problems | {"retyped"}))

    def move(self, file: str) -> None:
        self._change(file, lambda item: replace(item, collection="elsewhere"))

    def delete(self, file: str) -> None:
        for key, item in list(self._store.items.items()):
            if label_of(item) == file:
                del self._store.items[key]

    def add_foreign(self, title: str) -> None:
        self._store.foreign.append(title)

    def foreign(self) -> object:
        return list(self._store.foreign)


class LocalPlace:
    """A file in ``folder``; its hand decrypts it, edits the JSON and encrypts it again."""

    collection: str | None = None

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mirror.json.age"
        self.identity = pyrage.x25519.Identity.generate()
        self.identities = parse_identity_file(Secret.from_text(str(self.identity)), "test")
        self._lock = folder / "state" / "lock"
        self.hand = LocalHand(self)

    def open(self, *, identities: Identities | None = None) -> LocalBackend:
        return LocalBackend(
            self.path, self._lock, (), lambda: self.identities if identities is None else identities
        )

    def read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {"encrypted": False, "folders": [], "items": []}
        content = json.loads(pyrage.decrypt(self.path.read_bytes(), [self.identity]))
        assert isinstance(content, dict)
        return content

    def write(self, content: object) -> None:
        text = json.dumps(content).encode()
        self.path.write_bytes(pyrage.encrypt(text, [self.identity.to_public()]))


class LocalHand:
    def __init__(self, place: LocalPlace) -> None:
        self._place = place

    def change(self, file: str, change: Callable[[dict[str, Any]], object]) -> None:
        content = self._place.read()
        change(next(item for item in content["items"] if _file_of(item) == file))
        self._place.write(content)

    def set_field(self, file: str, path: str, text: str) -> None:
        def edit(item: dict[str, Any]) -> None:
            next(one for one in item["fields"] if one["name"] == path)["value"] = text

        self.change(file, edit)

    def add_field(self, file: str, name: str, text: str) -> None:
        field = {"name": name, "value": text, "type": 0}
        self.change(file, lambda item: item["fields"].append(field))

    def remove_field(self, file: str, path: str) -> None:
        def edit(item: dict[str, Any]) -> None:
            item["fields"] = [one for one in item["fields"] if one["name"] != path]

        self.change(file, edit)

    def set_note(self, file: str, text: str) -> None:
        self.change(file, lambda item: item.update(notes=text))

    def set_title(self, file: str, text: str) -> None:
        self.change(file, lambda item: item.update(name=text))

    def clone(self, file: str) -> None:
        content = self._place.read()
        found = next(item for item in content["items"] if _file_of(item) == file)
        content["items"].append(copy.deepcopy(found))
        self._place.write(content)

    def trash(self, file: str) -> None:
        self.change(file, lambda item: item.update(deletedDate="2026-11-23T10:00:00.000Z"))

    def retype(self, file: str) -> None:
        self.change(file, lambda item: item.update(type=1, login={"password": "pw"}))

    def move(self, file: str) -> None:
        self.change(file, lambda item: item.update(folderId=None))

    def delete(self, file: str) -> None:
        content = self._place.read()
        content["items"] = [item for item in content["items"] if _file_of(item) != file]
        self._place.write(content)

    def add_foreign(self, title: str) -> None:
        content = self._place.read()
        item = {"id": title, "type": 1, "name": title, "login": {"password": "x"}, "fields": None}
        content["items"].append(item)
        content["folders"].append({"id": "f", "name": "mail"})
        self._place.write(content)

    def foreign(self) -> object:
        content = self._place.read()
        folders = [one for one in content["folders"] if one["name"] == "mail"]
        return [item for item in content["items"] if _file_of(item) is None], folders


def _file_of(item: dict[str, Any]) -> str | None:
    text = "".join(
        one["value"]
        for one in item["fields"] or []
        if one["name"].startswith("plana-secrets record")
    )
    return unpack_record(text)["file"] if text else None
