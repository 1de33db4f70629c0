"""A Vaultwarden server, fake or real, as a place of the backends' contract.

The hand is the owner of the organisation with a client of his own, who may write
everywhere, as an owner may on any server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import ApiKey, Credentials
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.mirror.backends.vaultwarden.session import Session, StateFile
from plana_secrets.mirror.record import unpack_record
from plana_secrets.observability import Observer, silent
from plana_secrets.secret import Secret
from tests.fakes.people import Company, Person


class VaultwardenPlace:
    """The collections prod and dev of a company."""

    collection: str | None = "prod"

    def __init__(self, company: Company, folder: Path, *, url: str | None = None) -> None:
        """``url``: the way to the server, if it is not the company's own."""
        self.company = company
        self.url = url or company.url
        self.folder = folder
        self.hand = OwnersHand(company)
        self._api_keys: dict[str, tuple[str, str]] = {}

    def session(self, person: Person | None = None) -> Session:
        """The session of the service account, or of another who has an API key."""
        person = person or self.company.service
        if person.email not in self._api_keys:
            self._api_keys[person.email] = person.api_key()
        client_id, client_secret = self._api_keys[person.email]
        client = Client(self.url)
        credentials = Credentials(
            url=client.url,
            email=person.email,
            api_key=ApiKey(client_id, Secret.from_text(client_secret)),
            user_key=person.user_key.reveal(),
        )
        return Session(client, credentials, StateFile(self.folder, client.url, person.email))

    def open(
        self,
        person: Person | None = None,
        *,
        observer: Observer = silent,
        as_owner: bool = False,
    ) -> VaultwardenBackend:
        return VaultwardenBackend(
            self.session(person),
            self.company.id,
            ["prod", "dev"],
            observer=observer,
            as_owner=as_owner,
            sleep=lambda _: None,
        )


class OwnersHand:
    """Edits by the owner. What is read is decrypted here, not by the backend."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def ciphers(self) -> list[dict[str, Any]]:
        return [one for one in self.company.owner.sync()["ciphers"] if one["organizationId"]]

    def every(self) -> list[dict[str, Any]]:
        """All items of the organization, also those in no collection."""
        path = f"/api/ciphers/organization-details?organizationId={self.company.id}"
        return list(self.company.owner.call("GET", path)["data"])

    def read(self, sealed: str | None, key: SymmetricKey | None = None) -> str:
        return "" if sealed is None else (key or self.company.key).open(sealed).reveal_text()

    def key_of(self, cipher: dict[str, Any]) -> SymmetricKey:
        key = self.company.key
        return SymmetricKey(key.open(cipher["key"])) if cipher["key"] else key

    def fields(self, cipher: dict[str, Any]) -> list[tuple[str, str]]:
        key = self.key_of(cipher)
        return [
            (self.read(one["name"], key), self.read(one["value"], key))
            for one in cipher["fields"] or []
        ]

    def file_of(self, cipher: dict[str, Any]) -> str | None:
        record = "".join(
            value for name, value in self.fields(cipher) if name.startswith("plana-secrets record")
        )
        if not record:
            return None
        content = unpack_record(record)
        number, total = content.get("part", (0, 0))[:2]
        return f"{content['file']} ({number}/{total})" if number else str(content["file"])

    def find(self, file: str) -> dict[str, Any]:
        return next(one for one in self.ciphers() if self.file_of(one) == file)

    def change(self, file: str, **changes: object) -> None:
        """A client seals the name again, too."""
        cipher = self.find(file)
        key = self.key_of(cipher)
        name = key.seal_text(self.read(cipher["name"], key))
        known = {"lastKnownRevisionDate": cipher["revisionDate"], "name": name}
        body = cipher | known | changes
        self.company.owner.call("PUT", f"/api/ciphers/{cipher['id']}", body)

    def sealed_field(self, name: str, value: str) -> dict[str, object]:
        key = self.company.key
        return {
            "type": 1,
            "name": key.seal_text(name),
            "value": key.seal_text(value),
            "linkedId": None,
        }

    def set_field(self, file: str, path: str, text: str) -> None:
        """As bw does it: the old value goes into the history."""
        cipher = self.find(file)
        history = [
            {"password": one["value"], "lastUsedDate": "2026-11-23T00:00:00.000Z"}
            for one in cipher["fields"]
            if self.read(one["name"]) == path
        ]
        fields = [
            self.sealed_field(path, text) if self.read(one["name"]) == path else one
            for one in cipher["fields"]
        ]
        self.change(file, fields=fields, passwordHistory=history)

    def add_field(self, file: str, name: str, text: str) -> None:
        self.change(file, fields=[*self.find(file)["fields"], self.sealed_field(name, text)])

    def remove_field(self, file: str, path: str) -> None:
        fields = [one for one in self.find(file)["fields"] if self.read(one["name"]) != path]
        self.change(file, fields=fields)

    def set_note(self, file: str, text: str) -> None:
        self.change(file, notes=self.company.key.seal_text(text))

    def set_title(self, file: str, text: str) -> None:
        self.change(file, name=self.company.key.seal_text(text))

    def clone(self, file: str) -> None:
        cipher = self.find(file)
        body = {"cipher": cipher, "collectionIds": cipher["collectionIds"]}
        self.company.owner.call("POST", "/api/ciphers/create", body)

    def trash(self, file: str) -> None:
        self.company.owner.call("PUT", f"/api/ciphers/{self.find(file)['id']}/delete")

    def move(self, file: str) -> None:
        self.put_into(file, ["dev"])

    def put_into(self, file: str, names: list[str]) -> None:
        path = f"/api/ciphers/{self.find(file)['id']}/collections_v2"
        ids = [self.company.collections[name] for name in names]
        self.company.owner.call("PUT", path, {"collectionIds": ids})

    def delete(self, file: str) -> None:
        self.company.owner.call("DELETE", f"/api/ciphers/{self.find(file)['id']}")

    def retype(self, file: str) -> None:
        """An item's type never changes: somebody makes a login of the same content."""
        cipher = self.find(file)
        login = {"username": None, "password": None, "totp": None, "uris": None}
        body = {
            "cipher": cipher | {"type": 1, "secureNote": None, "login": login},
            "collectionIds": cipher["collectionIds"],
        }
        self.company.owner.call("POST", "/api/ciphers/create", body)
        self.company.owner.call("DELETE", f"/api/ciphers/{cipher['id']}")

    def give_own_key(self, file: str) -> None:
        """What a web client does on the first edit of an item."""
        cipher, own = self.find(file), SymmetricKey.generate()
        fields = [
            {"type": 1, "name": own.seal_text(name), "value": own.seal_text(value)}
            for name, value in self.fields(cipher)
        ]
        self.change(
            file,
            key=self.company.key.seal(own.reveal().reveal()),
            name=own.seal_text(self.read(cipher["name"])),
            notes=own.seal_text(self.read(cipher["notes"])),
            fields=fields,
        )

    def attach(self, file: str) -> None:
        key = self.company.key
        body = {"key": key.seal(b"k"), "fileName": key.seal_text("a.txt"), "fileSize": 1}
        path = f"/api/ciphers/{self.find(file)['id']}/attachment/v2"
        self.company.owner.call("POST", path, body)

    def add_foreign(self, title: str) -> None:
        key = self.company.key
        cipher = {
            "type": 1,
            "organizationId": self.company.id,
            "name": key.seal_text(title),
            "notes": None,
            "fields": [self.sealed_field("pin", "1234")],
            "login": {
                "username": key.seal_text("anna"),
                "password": key.seal_text("x"),
                "uris": None,
            },
        }
        body = {"cipher": cipher, "collectionIds": [self.company.collections["prod"]]}
        self.company.owner.call("POST", "/api/ciphers/create", body)

    def foreign(self) -> object:
        return [one for one in self.ciphers() if self.file_of(one) is None]

    def clear(self) -> None:
        """An empty organisation for the next test."""
        ids = [one["id"] for one in self.ciphers()]
        if ids:
            self.company.owner.call("POST", "/api/ciphers/delete", {"ids": ids})
