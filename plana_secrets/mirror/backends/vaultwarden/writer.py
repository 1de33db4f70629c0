"""Writing to the server so that a lost answer neither loses nor doubles anything.

Every text is sealed with a random start, so that the sealed name of an item is also the
mark of one request: everything with it on the server came from that request. After
an answer that did not come the writer looks for the mark before it sends again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from plana_secrets.mirror.backends.vaultwarden.answers import LostAnswerError
from plana_secrets.mirror.backends.vaultwarden.failures import changed_item
from plana_secrets.mirror.backends.vaultwarden.items import (
    has_no_fraction,
    is_ahead,
    just_before,
    may_be_cut,
)
from plana_secrets.mirror.backends.vaultwarden.models import Cipher, read_answer
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.vault import read_sync
from plana_secrets.mirror.itemerrors import (
    ItemChangedError,
    ItemNotWrittenError,
    ItemTooLargeError,
)

_TRIES: Final = 3
_PAUSE: Final = 1.0
_ROUNDS: Final = 30

SealedItem = dict[str, Any]


class Writer:
    """The writing calls of one account."""

    def __init__(self, session: Session, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._sleep = sleep

    def send_new(self, sealed: SealedItem, collection: str, *, file: str) -> None:
        """Ask once for a new item; ``creation`` decides what an unclear answer means.

        Raises:
            ItemTooLargeError: the database keeps only a part of it.
        """
        body = self._session.call(
            "POST",
            "/api/ciphers/create",
            task=f"create the item of {file}",
            body={"cipher": sealed, "collectionIds": [collection]},
        )
        if may_be_cut(sealed):
            self._check_whole(read_answer(body, Cipher, "an item").id, sealed, file)

    def settled_names(self) -> frozenset[str]:
        """The sealed names of all items, once the server has stopped making more.

        A proxy gives up on a slow request before the server does.
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
            ItemTooLargeError: the database keeps only a part of it; the item is deleted.
        """
        if has_no_fraction(revision) or is_ahead(revision, self._session.client.server_time):
            self._check(cipher, revision, file)  # a later change has the same date, or an earlier
        self._replace(cipher.id, sealed, revision, file)
        if may_be_cut(sealed):
            self._check_whole(cipher.id, sealed, file)

    def _check_whole(self, item_id: str, sealed: SealedItem, file: str) -> None:
        """A MySQL or MariaDB that is not strict cuts off what is too long, and answers 200.

        What is left says nothing any more, not even that it is ours, so it goes, unless a
        person has saved it since, or attached a file.
        """
        now = self._read(item_id, file)
        if now.name != sealed["name"] or len(now.fields or ()) == len(sealed["fields"]):
            return
        if not now.attachments:
            task = f"delete the item of {file}, which was cut off"
            self._session.call("POST", "/api/ciphers/delete", task=task, body={"ids": [item_id]})
        raise ItemTooLargeError(f"the server's database cuts off the item of {file}", file=file)

    def _replace(self, item_id: str, sealed: SealedItem, revision: str, file: str) -> None:
        known = just_before(revision)
        message = ""
        for _ in range(_TRIES):
            try:
                self._put(item_id, sealed | {"lastKnownRevisionDate": known}, file)
            except LostAnswerError as error:
                message = error.message
                now = self._read(item_id, file)
                if now.name == sealed["name"]:
                    return
            except ItemChangedError:
                now = self._read(item_id, file)
                known = revision
            else:
                return
            if now.revision_date != revision:
                raise changed_item(file)
        raise ItemNotWrittenError(message, file=file)

    def _check(self, cipher: Cipher, revision: str, file: str) -> None:
        now = self._read(cipher.id, file)
        if (now.revision_date, now.name) != (revision, cipher.name):
            raise changed_item(file)

    def move(self, cipher: Cipher, collection: str, *, file: str) -> None:
        """Put an item into one collection and out of every other that the account sees."""
        self._session.call(
            "PUT",
            f"/api/ciphers/{cipher.id}/collections_v2",
            task=f"move the item of {file}",
            body={"collectionIds": [collection]},
            repeatable=True,
        )

    def restore(self, item_id: str, *, file: str) -> None:
        """Take an item out of the trash."""
        self._session.call(
            "PUT",
            f"/api/ciphers/{item_id}/restore",
            task=f"restore the item of {file} from the trash",
            repeatable=True,
        )

    def _put(self, item_id: str, body: Mapping[str, Any], file: str) -> None:
        self._session.call(
            "PUT", f"/api/ciphers/{item_id}", task=f"update the item of {file}", body=body
        )

    def read(self, item_id: str, file: str | None = None) -> bytes:
        """One item as the server has it now."""
        task = f"read the item of {file}" if file else "read an item back"
        return self._session.get(f"/api/ciphers/{item_id}", task=task)

    def _read(self, item_id: str, file: str) -> Cipher:
        return read_answer(self.read(item_id, file), Cipher, "an item")
