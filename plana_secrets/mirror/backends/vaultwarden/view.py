"""What the server showed last, and what of it is opened only when something needs it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import msgspec

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import ActualItem, DesiredItem, Known, Listing
from plana_secrets.mirror.backends.vaultwarden.closed import Seen, digest_of, read_cipher
from plana_secrets.mirror.backends.vaultwarden.collections import resolve_seen
from plana_secrets.mirror.backends.vaultwarden.items import is_stub, open_item
from plana_secrets.mirror.backends.vaultwarden.models import Cipher
from plana_secrets.mirror.backends.vaultwarden.vault import Keys, Vault, open_organization


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the server the items are. ``named``: the collections, as the settings do."""

    organization: str
    named: tuple[str, ...]
    key_fingerprint: str | None
    keys: Keys

    def open(self, seen: Seen) -> Vault:
        """
        Raises:
            MalformedError: the organization's key is another (kind ``another-key``).
        """
        vault = open_organization(
            seen.account,
            self.keys,
            self.organization,
            ciphers=(),
            personal=seen.personal,
        )
        if self.key_fingerprint not in {None, vault.key.fingerprint}:
            raise MalformedError(
                "the organization's key is not the configured one", kind="another-key"
            )
        return vault


class View:
    """What the last sync showed. Keys and names are opened when something needs them."""

    def __init__(self, seen: Seen, place: Place) -> None:
        self.seen = seen
        self._place = place
        self.listing = Listing(())
        self.ciphers: dict[str, Cipher] = {}

    @cached_property
    def vault(self) -> Vault:
        return self._place.open(self.seen)

    @cached_property
    def resolved(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The configuration's word by collection id, and the words of which none is seen."""
        return resolve_seen(self.vault, self._place.named)

    @property
    def words(self) -> Mapping[str, str]:
        return self.resolved[0]

    @cached_property
    def _locked(self) -> frozenset[str]:
        """The collections to which the account may not write."""
        named = self.vault.collections.items()
        return frozenset(one for one, collection in named if not collection.is_writable)

    def open(self, cipher: Cipher) -> ActualItem | None:
        """Our item in a cipher, which is kept without its content; None if it is not ours."""
        item = open_item(cipher, self.vault.key, self.words, self._locked)
        if item is not None:
            self.ciphers[cipher.id] = msgspec.structs.replace(cipher, notes=None, fields=None)
        return item

    def close(self, items: Iterable[ActualItem], settled: Collection[str]) -> Iterator[ActualItem]:
        """The items without those that are ``settled``, which are known from now on."""
        for item in items:
            if item.record is not None and item.id in settled:
                digest = self.seen.digests[item.id]
                self.seen.known[item.id] = Known(digest, item.record.file, item.record.commit)
                del self.ciphers[item.id]
            else:
                yield item

    def open_again(self, bodies: Mapping[str, bytes]) -> Listing | None:
        """The listing with some items as the server sends them now, by id.

        None where one of them is no longer our item.
        """
        opened = {one: self.open(read_cipher(body)) for one, body in bodies.items()}
        if None in opened.values():
            return None
        items = (opened.get(one.id) or one for one in self.listing.items)
        digests = {one: digest_of(body) for one, body in bodies.items()}
        digests = {**self.listing.digests, **digests}
        self.listing = replace(self.listing, items=tuple(items), digests=digests, answer=None)
        return self.listing

    @property
    def stubs(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.seen.personal if is_stub(one, self.vault.key))

    def collection_of(self, item: DesiredItem) -> str:
        return next(one for one, word in self.words.items() if word == item.collection)


ADVICE: Final = {
    "another-key": (
        "if an owner re-created the organization, remove [mirror.vaultwarden] from "
        "plana-secrets.toml and run `plana-secrets mirror init vaultwarden --url {url}`; "
        "otherwise do not trust this server"
    ),
}
