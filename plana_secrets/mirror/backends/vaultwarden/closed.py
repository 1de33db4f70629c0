"""What one sync returns, with the items that are known left closed.

An item is known by the digest of the bytes that the server sent of it, so whatever changes in
it, its collections, the trash, an attachment or its revision included, it is opened again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from plana_secrets.mirror.backend import Known, Recall
from plana_secrets.mirror.backends.vaultwarden.models import (
    Account,
    Cipher,
    ClosedSync,
    Profile,
    bad_answer,
    read_answer,
)
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.vault import SYNC, find_membership

_WHAT: Final = "the items"
_CIPHER: Final = msgspec.json.Decoder(Cipher)


class _Head(msgspec.Struct, rename="camel", frozen=True):
    """What tells which item it is."""

    id: str
    organization_id: str | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Seen:
    """``ciphers``: of the organization, those that are not known, as the server sent them: they
    are read one by one (``read_cipher``). ``digests``: of all, by id.
    """

    account: Account
    ciphers: tuple[msgspec.Raw, ...]
    personal: tuple[Cipher, ...]
    known: dict[str, Known]
    digests: dict[str, str]


def ask_for_all(session: Session) -> bytes:
    """Everything that the account sees, in one request, as the server sends it."""
    return session.get(SYNC, task="list the items")


def read_closed(body: bytes, organization: str, recall: Recall) -> Seen:
    """What is of an organization, of all that the server sent.

    Raises:
        MalformedError: the server does not answer as documented (kind ``bad-answer``).
    """
    sync = read_answer(body, ClosedSync, _WHAT)
    reading = _Reading(organization, recall)
    try:
        for raw in sync.ciphers:
            reading.take(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise bad_answer(_WHAT) from None
    account = Account(
        profile=_apart(sync.profile),
        collections=sync.collections,
        user_decryption=sync.user_decryption,
    )
    ciphers, personal = tuple(reading.ciphers), tuple(reading.personal)
    return Seen(account, ciphers, personal, reading.known, reading.digests)


def _apart(profile: Profile) -> Profile:
    """The profile without a part that keeps the whole answer in memory."""
    keys = profile.account_keys
    if keys is None:
        return profile
    apart = msgspec.structs.replace(keys, security_state=keys.security_state.copy())
    return msgspec.structs.replace(profile, account_keys=apart)


class _Reading:
    """Items in the order of the server."""

    def __init__(self, organization: str, recall: Recall) -> None:
        self._organization = organization
        self._recall = recall
        self.ciphers: list[msgspec.Raw] = []
        self.personal: list[Cipher] = []
        self.known: dict[str, Known] = {}
        self.digests: dict[str, str] = {}

    def take(self, raw: msgspec.Raw) -> None:
        head = _HEAD.decode(raw)
        if head.organization_id is None:
            self.personal.append(_CIPHER.decode(raw))
        if head.organization_id != self._organization:
            return
        digest = digest_of(raw)
        known = self._recall.find(head.id, digest)
        if known is None or head.id in self.digests:
            self.ciphers.append(raw)
        else:
            self.known[head.id] = known
        self.digests[head.id] = digest


def digest_of(raw: bytes | msgspec.Raw) -> str:
    """Of an item as the server sent it, in the list or alone: it writes both alike."""
    return hashlib.sha256(raw).hexdigest()


def read_each(session: Session) -> Iterator[Cipher]:
    """Every item that the account sees, read one by one: there is never more than one of them.

    Raises:
        MalformedError: the server does not answer as documented (kind ``bad-answer``).
    """
    body = ask_for_all(session)
    yield from map(read_cipher, read_answer(body, ClosedSync, _WHAT).ciphers)


def read_cipher(raw: bytes | msgspec.Raw) -> Cipher:
    """
    Raises:
        MalformedError: it is not as documented (kind ``bad-answer``).
    """
    return read_answer(raw, Cipher, _WHAT)


def context_of(seen: Seen, organization: str) -> bytes:
    """A digest of all in the server's answer that decides what an item says, besides the item.

    The account with its wrapped keys, its membership with the organization's wrapped key and
    the collections.
    """
    profile = seen.account.profile
    membership = find_membership(seen.account, organization)
    collections = [one for one in seen.account.collections if one.organization_id == organization]
    content = [
        profile.id,
        profile.key,
        profile.private_key,
        profile.account_keys,
        seen.account.user_decryption,
        membership,
        sorted(collections, key=lambda one: one.id),
    ]
    return hashlib.sha256(msgspec.json.encode(content)).digest()
