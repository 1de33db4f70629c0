"""Writing to the server so that a lost answer neither loses nor doubles anything.

Every text is sealed with a random start, so that the sealed name of an item is also the
mark of one request: everything with it on the server came from that request. After
an answer that did not come the writer looks for the mark before it sends again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from plana_secrets.errors import ConflictError, UnavailableError
from plana_secrets.mirror.backend import ItemChangedError
from plana_secrets.mirror.backends.vaultwarden.client import LostAnswerError
from plana_secrets.mirror.backends.vaultwarden.items import just_before
from plana_secrets.mirror.backends.vaultwarden.models import Cipher, read_answer
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.vault import Vault, read_sync

BATCH: Final = 200
"""Items of one import."""

BATCH_SIZE: Final = 8_000_000
"""Bytes of one import; the server takes bodies of up to 20 million."""

DELETE_BATCH: Final = 100
"""Each is one step of the progress."""

_TRIES: Final = 3
_PAUSE: Final = 1.0
_ROUNDS: Final = 30

SealedItem = dict[str, Any]


class Writer:
    """The writing calls of one account."""

    def __init__(self, session: Session, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._sleep = sleep

    def create(self, sealed: SealedItem, collection: str, *, file: str) -> None:
        """Create one item."""
        for _ in range(_TRIES):
            try:
                self._session.call(
                    "POST",
                    "/api/ciphers/create",
                    task=f"create the item of {file}",
                    body={"cipher": sealed, "collectionIds": [collection]},
                )
            except LostAnswerError:
                if sealed["name"] in self.settled_names():
                    return
            else:
                return
        raise UnavailableError(
            f"the server does not answer when the item of {file} is created", kind="no-answer"
        )

    def import_batch(
        self, vault: Vault, items: Sequence[tuple[SealedItem, str]], organization: str
    ) -> None:
        """Send many at once. Afterwards look what arrived: the answer does not say."""
        collections = list(dict.fromkeys(collection for _, collection in items))
        body = {
            "ciphers": [sealed for sealed, _ in items],
            "collections": [
                {
                    "id": one,
                    "name": vault.collections[one].collection.name,
                    "groups": [],
                    "users": [],
                    "externalId": None,
                }
                for one in collections
            ],
            "collectionRelationships": [
                {"key": number, "value": collections.index(collection)}
                for number, (_, collection) in enumerate(items)
            ],
        }
        try:
            self._session.call(
                "POST",
                f"/api/ciphers/import-organization?organizationId={organization}",
                task=f"create {len(items)} items",
                body=body,
            )
        except LostAnswerError:
            self.settled_names()

    def settled_names(self) -> frozenset[str]:
        """The sealed names of all items, once the server has stopped making more.

        A proxy gives up on a long import before the server does.
        """
        before = self.names()
        for _ in range(_ROUNDS):
            self._sleep(_PAUSE)
            now = self.names()
            if now == before:
                return now
            before = now
        return before

    def names(self) -> frozenset[str]:
        return frozenset(cipher.name for cipher in read_sync(self._session).ciphers)

    def replace(self, cipher: Cipher, sealed: SealedItem, *, revision: str, file: str) -> None:
        """Put new content into an item, unless it changed since ``revision``.

        Raises:
            ConflictError: it did, or is gone.
        """
        known = just_before(revision)
        for _ in range(_TRIES):
            try:
                self._put(cipher.id, sealed | {"lastKnownRevisionDate": known}, file)
            except LostAnswerError:
                now = self._read(cipher.id, file)
                if now.name == sealed["name"]:
                    return
            except ItemChangedError:
                now = self._read(cipher.id, file)
                known = revision
            else:
                return
            if now.revision_date != revision:
                raise ItemChangedError(
                    f"the item of {file} changed on the server since it was read", file=file
                )
        raise UnavailableError(
            f"the server did not accept the update of the item of {file}", kind="no-answer"
        )

    def move(self, cipher: Cipher, collection: str, *, file: str) -> None:
        """Put an item into one collection and out of every other that the account sees."""
        self._session.call(
            "PUT",
            f"/api/ciphers/{cipher.id}/collections_v2",
            task=f"move the item of {file}",
            body={"collectionIds": [collection]},
            repeatable=True,
        )

    def restore(self, cipher: Cipher, *, file: str) -> None:
        """Take an item out of the trash."""
        self._session.call(
            "PUT",
            f"/api/ciphers/{cipher.id}/restore",
            task=f"restore the item of {file} from the trash",
            repeatable=True,
        )

    def delete(self, ids: Sequence[str]) -> Iterator[int]:
        """Delete for good; what is gone already is no error. Yields how many are done."""
        for start in range(0, len(ids), DELETE_BATCH):
            batch = list(ids[start : start + DELETE_BATCH])
            self._delete_batch(batch)
            yield start + len(batch)

    def _delete_batch(self, ids: list[str]) -> None:
        for _ in range(_TRIES):
            try:
                self._session.call(
                    "POST",
                    "/api/ciphers/delete",
                    task=f"delete {len(ids)} items",
                    body={"ids": ids},
                )
            except (LostAnswerError, ConflictError):
                there = {cipher.id for cipher in read_sync(self._session).ciphers}
                ids = [one for one in ids if one in there]
                if not ids:
                    return
            else:
                return
        raise UnavailableError(f"the server did not delete {len(ids)} items", kind="no-answer")

    def _put(self, item_id: str, body: Mapping[str, Any], file: str) -> None:
        self._session.call(
            "PUT", f"/api/ciphers/{item_id}", task=f"update the item of {file}", body=body
        )

    def _read(self, item_id: str, file: str) -> Cipher:
        body = self._session.get(f"/api/ciphers/{item_id}", task=f"read the item of {file}")
        return read_answer(body, Cipher, "an item")


def cut_into_batches(
    items: Sequence[tuple[SealedItem, str]],
) -> Iterator[list[tuple[SealedItem, str]]]:
    """Batches within the limits of number and size; never an empty one."""
    batch: list[tuple[SealedItem, str]] = []
    size = 0
    for item in items:
        length = len(msgspec.json.encode(item[0]))
        if batch and (len(batch) >= BATCH or size + length > BATCH_SIZE):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch
