"""What the server showed last, and what of it is opened only when something needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import DesiredItem, Listing
from plana_secrets.mirror.backends.vaultwarden.closed import Seen
from plana_secrets.mirror.backends.vaultwarden.collections import resolve_seen
from plana_secrets.mirror.backends.vaultwarden.items import is_stub
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
