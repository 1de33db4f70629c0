"""Items from plana-secrets that are where no one looks for them: the part of the audit for owners.

An item in no collection is seen by owners alone, a second copy hides an old value behind
the current one. A service account sees neither, so it says that it cannot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from plana_secrets.mirror.backend import ActualItem
from plana_secrets.mirror.backends.vaultwarden.items import open_item
from plana_secrets.mirror.backends.vaultwarden.models import Cipher, CipherList, read_answer
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.vault import Vault
from plana_secrets.mirror.desk import ITEMS_NOT_SEEN, AccessFinding
from plana_secrets.mirror.parts import number_of
from plana_secrets.sops.model import Severity

_FIX: Final = (
    "`plana-secrets mirror sync --as-owner` puts items where they belong and deletes second copies"
)


def read_every_item(session: Session, organization: str) -> list[Cipher]:
    """All items of the organization, also those in no collection; for owners and admins."""
    path = f"/api/ciphers/organization-details?organizationId={organization}"
    body = session.get(path, task="list every item of the organization")
    return read_answer(body, CipherList, "the items").data


def find_strays(
    ciphers: Sequence[Cipher], vault: Vault, words: Mapping[str, str]
) -> Iterator[AccessFinding]:
    """A finding for each item with our record that is not where it is to be.

    ``words``: the configuration's word by collection id.
    """
    copies: dict[tuple[object, ...], list[ActualItem]] = defaultdict(list)
    for cipher in ciphers:
        item = open_item(cipher, vault.key, words)
        if item is None:
            continue
        if item.record is not None:
            record = item.record
            copies[record.repository, record.file, number_of(record)].append(item)
        if not cipher.collection_ids:
            yield _finding("loose-item", item, None, "is in no collection: only owners see it")
        elif not words.keys() & set(cipher.collection_ids):
            named = [_name(vault, one) for one in cipher.collection_ids]
            where = f"is in {', '.join(map(repr, named))}, not in a mirrored collection"
            yield _finding("stray-item", item, named[0], where)
    for items in copies.values():
        ordered = sorted(items, key=lambda one: (len(one.problems), one.id))
        for item in ordered[1:]:
            what = f"is a second copy of the item {ordered[0].id}"
            yield _finding("doubled-item", item, item.collection, what)


def _finding(check: str, item: ActualItem, collection: str | None, what: str) -> AccessFinding:
    file = item.record.file if item.record else "an unknown file"
    message = f"the item of {file} ({item.id}) {what}"
    return AccessFinding(Severity.ERROR, check, file, collection, message, item.id, _FIX)


def _name(vault: Vault, collection: str) -> str:
    found = vault.collections.get(collection)
    return found.name if found else collection


def unseen() -> AccessFinding:
    """What an account says that does not see every item."""
    return AccessFinding(
        Severity.NOTE,
        ITEMS_NOT_SEEN,
        "",
        None,
        "this account does not see items in no collection or in others; an owner's audit does",
    )
