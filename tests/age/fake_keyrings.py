"""Keyring backends that behave badly, each in one way."""

from __future__ import annotations

from typing import ClassVar

from keyring.backend import KeyringBackend


class InMemory(KeyringBackend):
    """A well-behaved keyring; allowed only where a test lists it."""

    priority: ClassVar[float] = 9

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.items[service, username]


class Plaintext(InMemory):
    """What keyrings.alt offers: it works, and writes what it is told into a plain file."""


class Forgetful(InMemory):
    """Accepts everything and keeps nothing, like keyring's null backend."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Broken(InMemory):
    """Fails with an error of no family, whose text holds what it was given."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("BROKEN-TEXT of the bus")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot store {password}")
