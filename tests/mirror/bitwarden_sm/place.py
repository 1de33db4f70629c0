"""Bitwarden Secrets Manager as a place of the backends' contract; the hand is an administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plana_secrets.mirror.backends.bitwarden_sm.backend import BitwardenSmBackend
from plana_secrets.mirror.backends.bitwarden_sm.client import Address, Client, Content
from plana_secrets.mirror.backends.bitwarden_sm.form import is_record, read_mark, read_record
from plana_secrets.secret import Secret
from tests.fakes.bitwarden_sm import Administrator, FakeBitwarden


class BitwardenPlace:
    """The projects prod and dev of an organization."""

    collection: str | None = "prod"

    def __init__(self, folder: Path) -> None:
        self.server = FakeBitwarden(folder)
        self.administrator = Administrator(self.server)
        self.projects = {name: self.administrator.add_project(name) for name in ("prod", "dev")}
        self.token = self.administrator.add_token(dict.fromkeys(self.projects.values(), True))
        self.hand = BitwardenHand(self)
        self._clients = [Client(self.address, self.token)]

    @property
    def address(self) -> Address:
        server = self.server
        return Address(
            server.api_url, server.identity_url, server.store.organization, server.ca_file
        )

    def client(self, **options: Any) -> Client:
        """One with these options; with none always the same, since a worker takes time to start."""
        if not options:
            return self._clients[0]
        client = Client(self.address, options.pop("token", self.token), **options)
        self._clients.append(client)
        return client

    def open(self, **options: Any) -> BitwardenSmBackend:
        return BitwardenSmBackend(self.client(**options), ["prod", "dev"])

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.stop()


@contextmanager
def serving(folder: Path) -> Iterator[BitwardenPlace]:
    """A server of its own, and at the end the workers that spoke to it are gone."""
    place = BitwardenPlace(folder)
    try:
        yield place
    finally:
        place.close()


class BitwardenHand:
    """Changes secrets in the web app."""

    def __init__(self, place: BitwardenPlace) -> None:
        self._place = place

    @property
    def _web(self) -> Administrator:
        return self._place.administrator

    def of(self, file: str) -> list[dict[str, Any]]:
        """The secrets of a file, the record's first."""
        found = [one for one in self._web.secrets() if file_of(one) == file]
        return sorted(found, key=lambda one: path_of(one) is not None)

    def _leaf(self, file: str, path: str) -> dict[str, Any]:
        return next(one for one in self.of(file) if path_of(one) == path)

    def set_field(self, file: str, path: str, text: str) -> None:
        self._web.change(self._leaf(file, path), value=text)

    def add_field(self, file: str, name: str, text: str) -> None:
        project = self.of(file)[0]["projects"][0]
        self._web.write(None, key=f"{file}#{name}", value=text, note="", project=project)

    def remove_field(self, file: str, path: str) -> None:
        self._web.delete(self._leaf(file, path)["id"])

    def set_note(self, file: str, text: str) -> None:
        self._web.change(self.of(file)[0], note=text)

    def set_title(self, file: str, text: str) -> None:
        self._web.change(self.of(file)[0], key=text)

    def clone(self, file: str) -> None:
        for one in self.of(file):
            content = {name: one[name] for name in ("key", "value", "note")}
            self._web.write(None, project=one["projects"][0], **content)

    def trash(self, file: str) -> None:
        """The web app has a trash, which no token can see."""
        self.delete(file)

    def move(self, file: str) -> None:
        for one in self.of(file):
            self._web.change(one, projects=[self._place.projects["dev"]])

    def delete(self, file: str) -> None:
        for one in self.of(file):
            self._web.delete(one["id"])

    def add_foreign(self, title: str) -> None:
        project = self._place.projects["prod"]
        self._web.write(None, key=title, value="x", note="", project=project)

    def foreign(self) -> object:
        return [one for one in self._web.secrets() if file_of(one) is None]


def _content(secret: dict[str, Any]) -> Content:
    return Content(secret["key"], Secret.from_text(secret["value"]), secret["note"], None)


def file_of(secret: dict[str, Any]) -> str | None:
    content = _content(secret)
    record = read_record(content) if is_record(content) else None
    mark = read_mark(secret["note"])
    return record.file if record else mark.file if mark else None


def path_of(secret: dict[str, Any]) -> str | None:
    mark = read_mark(secret["note"])
    return mark.path if mark else None
