"""What an owner sees of the organization, opened with a client of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plana_secrets.mirror.record import unpack_record
from tests.mirror.vaultwarden.place import OwnersHand

RECORD = "plana-secrets record"

Cipher = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One of our items: of which repository and file, and what people read in it."""

    cipher: Cipher
    repository: str
    file: str
    fields: dict[str, str]

    @property
    def id(self) -> str:
        return str(self.cipher["id"])

    @property
    def place(self) -> tuple[str, str, str]:
        return self.repository, self.file, self.id

    @property
    def collections(self) -> list[str]:
        return list(self.cipher["collectionIds"])


class PersonsHand(OwnersHand):
    """An owner's client: items are named by their id."""

    def find(self, file: str) -> Cipher:
        return next(one for one in self.every() if one["id"] == file)

    def items(self, ciphers: list[Cipher] | None = None) -> list[Item]:
        """Our items, in an order that does not depend on ids that are random."""
        found = (self._open(one) for one in (self.every() if ciphers is None else ciphers))
        return sorted((one for one in found if one), key=lambda one: one.place)

    def _open(self, cipher: Cipher) -> Item | None:
        pairs = self.fields(cipher)
        packed = "".join(value for name, value in pairs if name.startswith(RECORD))
        if not packed:
            return None
        record = unpack_record(packed)
        fields = {name: value for name, value in pairs if not name.startswith(RECORD)}
        return Item(cipher, record["repository"], record["file"], fields)

    def texts(self) -> str:
        """Everything that can be read in any item."""
        found: list[str] = []
        for cipher in self.every():
            found += [text for pair in self.fields(cipher) for text in pair]
            found += [self.title(cipher), self.note(cipher)]
        return "\n".join(found)

    def title(self, cipher: Cipher) -> str:
        return self.read(cipher["name"], self.key_of(cipher))

    def note(self, cipher: Cipher) -> str:
        return self.read(cipher["notes"], self.key_of(cipher))
