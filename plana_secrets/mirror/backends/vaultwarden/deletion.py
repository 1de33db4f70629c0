"""Deleting for good, without losing what a person saves meanwhile.

An item goes into the trash first. That is a change of the item, so from then on the server
refuses what a client saves that has not seen it. Then the items are read once more: one with
other content than before was saved in between, and is taken out of the trash again. A run that
dies before the end leaves items in the trash, where the next one finds them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from plana_secrets.counts import counted
from plana_secrets.errors import PlanaSecretsError, UnavailableError
from plana_secrets.mirror.backends.vaultwarden.answers import LostAnswerError
from plana_secrets.mirror.backends.vaultwarden.failures import changed_item
from plana_secrets.mirror.backends.vaultwarden.models import Cipher
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.writer import Writer
from plana_secrets.mirror.itemerrors import ITEM_ERRORS, ItemNotWrittenError

DELETE_BATCH: Final = 100
"""Each is one step of the progress."""

_TRIES: Final = 3

_UNSURE: Final = (LostAnswerError, *ITEM_ERRORS)
"""After these only the list says what was done."""

Outcomes = dict[str, PlanaSecretsError]
"""By id why something was not done."""


@dataclass(frozen=True, slots=True)
class _Step:
    """``trashes``: it leaves the items in the trash."""

    method: str
    task: str
    trashes: bool = False

    def is_open(self, cipher: Cipher) -> bool:
        """Whether it was not done to an item that is there."""
        return not (self.trashes and cipher.deleted_date is not None)


_TRASH: Final = _Step("PUT", "move {items} to the trash", trashes=True)
_DELETE: Final = _Step("POST", "delete {items}")


@dataclass(frozen=True, slots=True)
class _Before:
    """An item before it went into the trash."""

    revision: str
    name: str
    content: str
    is_trashed: bool


class Deletion:
    """The deleting calls of one account. ``read``: every item that it sees, as it is now."""

    def __init__(
        self, session: Session, writer: Writer, read: Callable[[], Iterable[Cipher]]
    ) -> None:
        self._session = session
        self._writer = writer
        self._read = read

    def delete_unchanged(
        self, revisions: Mapping[str, str], names: Mapping[str, str], files: Mapping[str, str]
    ) -> Iterator[tuple[str, PlanaSecretsError | None]]:
        """Delete those that are as they were at ``revisions``, by id; ``files``: whose they are.

        ``names``: as far as they are known, sealed: each saving seals them again, and of one second
        a MySQL or MariaDB has only one revision.

        Yields each id, with the reason where it was not deleted; what is gone already was.
        """
        before = self._look(revisions)
        changed = {
            one
            for one, item in before.items()
            if (item.revision, item.name) != (revisions[one], names.get(one, item.name))
        }
        refused: Outcomes = {one: changed_item(files[one]) for one in changed}
        refused |= self._do(_TRASH, [one for one in before if one not in changed])
        now = self._look(before.keys() - refused.keys())
        for one, item in now.items():
            if item.content != before[one].content:
                refused[one] = self._bring_back(one, before[one], files[one])
        yield from refused.items()
        yield from ((one, None) for one in revisions.keys() - before.keys())
        yield from self.delete([one for one in now if one not in refused])

    def delete(self, ids: Sequence[str]) -> Iterator[tuple[str, PlanaSecretsError | None]]:
        """At once, what no one else sees or what is in the trash.

        Yields each id, with the reason where it was not deleted.
        """
        for start in range(0, len(ids), DELETE_BATCH):
            batch = list(ids[start : start + DELETE_BATCH])
            refused = self._do_batch(_DELETE, batch)
            yield from ((one, refused.get(one)) for one in batch)

    def _bring_back(self, item_id: str, before: _Before, file: str) -> PlanaSecretsError:
        """Unless it was in the trash all along."""
        if not before.is_trashed:
            try:
                self._writer.restore(item_id, file=file)
            except (UnavailableError, *ITEM_ERRORS) as error:
                return error
        return changed_item(file)

    def _look(self, ids: Collection[str]) -> dict[str, _Before]:
        wanted = set(ids)
        return {
            one.id: _Before(
                one.revision_date, one.name, _content_of(one), one.deleted_date is not None
            )
            for one in (self._read() if wanted else ())
            if one.id in wanted
        }

    def _do(self, step: _Step, ids: Sequence[str]) -> Outcomes:
        refused: Outcomes = {}
        for start in range(0, len(ids), DELETE_BATCH):
            refused |= self._do_batch(step, ids[start : start + DELETE_BATCH])
        return refused

    def _do_batch(self, step: _Step, ids: Sequence[str]) -> Outcomes:
        """The server stops at the first that it refuses: then the rest goes one by one."""
        if len(ids) == 1:
            error = self._do_one(step, ids[0])
            return {ids[0]: error} if error else {}
        try:
            self._send(step, ids)
        except _UNSURE:
            rest = self._open(step, ids)
            refused = {one: self._do_one(step, one) for one in ids if one in rest}
            return {one: error for one, error in refused.items() if error}
        return {}

    def _do_one(self, step: _Step, item_id: str) -> PlanaSecretsError | None:
        for _ in range(_TRIES):
            try:
                self._send(step, [item_id])
            except _UNSURE as error:
                if not self._open(step, [item_id]):
                    return None
                if not isinstance(error, LostAnswerError):
                    return error
                reason = error
            else:
                return None
        return ItemNotWrittenError(reason.message)

    def _send(self, step: _Step, ids: Sequence[str]) -> None:
        self._session.call(
            step.method,
            "/api/ciphers/delete",
            task=step.task.format(items=counted(len(ids), "item")),
            body={"ids": ids},
        )

    def _open(self, step: _Step, ids: Collection[str]) -> set[str]:
        """Those to which a step was not done, as the list says."""
        wanted = set(ids)
        return {one.id for one in self._read() if one.id in wanted and step.is_open(one)}


def _content_of(cipher: Cipher) -> str:
    """A digest of what people save in an item; attachments alone are sent under new addresses."""
    content = msgspec.structs.replace(
        cipher,
        revision_date="",
        deleted_date=None,
        collection_ids=sorted(cipher.collection_ids),
        attachments=None,
    )
    count = len(cipher.attachments or ())
    return hashlib.sha256(msgspec.json.encode((content, count))).hexdigest()
