"""The mirror's backend on a Vaultwarden server: reading is one request."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

import msgspec

from plana_secrets.errors import (
    CredentialError,
    PlanaSecretsError,
    UsageError,
)
from plana_secrets.mirror import form
from plana_secrets.mirror.backend import (
    NOTHING_KNOWN,
    ActualItem,
    Desired,
    DesiredItem,
    Listing,
    Recall,
    Unsupported,
)
from plana_secrets.mirror.backends.vaultwarden.closed import (
    Seen,
    ask_for_all,
    context_of,
    read_cipher,
    read_closed,
    read_each,
)
from plana_secrets.mirror.backends.vaultwarden.deletion import Deletion
from plana_secrets.mirror.backends.vaultwarden.items import (
    ITEM_SIZE,
    TYPES,
    blame_size,
    carry_over,
    seal_item,
)
from plana_secrets.mirror.backends.vaultwarden.models import ADMIN, OWNER, Cipher, read_login
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.strays import read_every_item
from plana_secrets.mirror.backends.vaultwarden.vault import Keys, Vault
from plana_secrets.mirror.backends.vaultwarden.version import check_version
from plana_secrets.mirror.backends.vaultwarden.view import Place, View
from plana_secrets.mirror.backends.vaultwarden.writer import SealedItem, Writer
from plana_secrets.mirror.itemerrors import (
    ITEM_ERRORS,
    ItemChangedError,
    ItemsRefusedError,
    NotWritableError,
)
from plana_secrets.observability import Event, Observer, silent
from plana_secrets.secret import Secret

_AT_ONCE: Final = 256
"""So many items are opened before they are compared."""

_FEW: Final = 16
"""So many items are read one by one, not in a list of all."""


class VaultwardenBackend:
    """Items in the collections that the configuration names."""

    name = "vaultwarden"
    item_size: int | None = ITEM_SIZE

    def __init__(
        self,
        session: Session,
        organization: str,
        collections: Iterable[str],
        *,
        key_fingerprint: str | None = None,
        as_owner: bool = False,
        observer: Observer = silent,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = session
        named = tuple(dict.fromkeys(collections))
        self._place = Place(organization, named, key_fingerprint, Keys(session))
        self._as_owner = as_owner
        self._observer = observer
        self._writer = Writer(session, sleep=sleep)
        self._deletion = Deletion(session, self._writer, self._everything)
        self._recall = NOTHING_KNOWN
        self._last: View | None = None
        self._is_checked = False

    @property
    def requests(self) -> int:
        return self._session.client.requests

    def find_unsupported(self, item: DesiredItem) -> tuple[Unsupported, ...]:
        return form.find_unsupported(item)

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Listing:
        """What ``recall`` knows is left closed; if that is all, no key is opened either."""
        self._recall = NOTHING_KNOWN if self._as_owner else recall
        body, answer = self._ask(), None
        if self._recall.is_all is not None:
            answer = self._with_origin(hashlib.sha256(body).digest())
            if self._recall.is_all(answer):
                self._last = None
                return self._recall.listing()
        view = self._look(body)
        view.listing = replace(view.listing, answer=answer)
        return view.listing

    def list_again(self, ids: Sequence[str]) -> Listing | None:
        """A few items are asked for one by one; one that is gone, say, is the list's to tell."""
        view = self._last
        if view is None or len(ids) > _FEW or not view.ciphers.keys() >= set(ids):
            return None
        try:
            return view.open_again({one: self._writer.read(one) for one in ids})
        except PlanaSecretsError:
            return None

    def create_items(self, items: Sequence[Desired]) -> None:
        """Each on its own, over a few connections."""
        if not items:
            return
        view = self._last or self._look()
        closed = self._find_closed(view, items)
        opened = [one for one in items if one.collection not in closed]
        if not opened:
            raise next(iter(closed.values()))
        refused = {one.file: closed[one.collection] for one in items if one.collection in closed}
        refused |= self._create(view, opened, lambda done: self._tell(done, len(opened)))
        self._sweep(view)
        if refused:
            raise ItemsRefusedError(refused)

    def _create(
        self, view: View, items: Sequence[Desired], tell: Callable[[int], None]
    ) -> Mapping[str, PlanaSecretsError]:
        from plana_secrets.mirror.backends.vaultwarden.creation import Creation, NewItem

        def seal(desired: Desired) -> NewItem:
            item = desired.opened()
            sealed = self._seal(view, item)
            return NewItem(item, sealed, view.collection_of(item))

        creation = Creation(self._writer, tell)
        creation.run(items, seal)
        return creation.refused

    def _seal(self, view: View, item: DesiredItem) -> SealedItem:
        account = view.vault.account
        return seal_item(item, self._place.organization, view.vault.key, account=account)

    def _sweep(self, view: View) -> None:
        """Delete what a request that died in an earlier run began, if it is as it was.

        One that is still under way, of another run, has become an item by then.
        """
        if view.stubs:
            now = frozenset(self._look().stubs)
            for _ in self._deletion.delete([one for one in view.stubs if one in now]):
                pass

    def update_item(self, actual: ActualItem, desired: DesiredItem) -> None:
        view = self._last or self._look()
        for reason in self._find_closed(view, [desired]).values():
            raise reason
        cipher = view.ciphers.get(actual.id)
        if cipher is None:
            raise ItemChangedError(
                f"the item of {desired.file} is gone from the server", kind="item-gone"
            )
        is_same_type = cipher.type == TYPES[desired.record.form]
        if not is_same_type and (cipher.attachments or read_login(cipher).passkeys):
            raise ItemChangedError(
                f"a file or a passkey was added to the item of {desired.file}, which has another "
                "type and would be created again",
                kind="item-has-attachment",
                retry=False,
            )
        if is_same_type:
            sealed = carry_over(cipher, self._seal(view, desired), view.vault.key)
            collection = view.collection_of(desired)
            try:
                self._change(cipher, sealed, collection, actual.revision, desired.label)
            except ITEM_ERRORS as error:
                raise blame_size(error, sealed, desired) from None
        else:
            refused = self._create(view, [desired], lambda _: None)
            for reason in refused.values():
                raise reason
            try:
                self.delete_items([actual])
            except ItemsRefusedError as error:
                raise next(iter(error.errors.values())) from None

    def delete_items(self, items: Sequence[ActualItem]) -> None:
        """Nothing is deleted that changed since it was listed, or while it is deleted."""
        revisions = {one.id: one.revision for one in items}
        listed = self._last.ciphers if self._last else {}
        names = {one.id: listed[one.id].name for one in items if one.id in listed}
        files = {one.id: _file_of(one) for one in items}
        refused: dict[str, PlanaSecretsError] = {}
        outcomes = self._deletion.delete_unchanged(revisions, names, files)
        for done, (item_id, error) in enumerate(outcomes, start=1):
            self._tell(done, len(files))
            if error is not None:
                refused[files[item_id]] = error
        if refused:
            raise ItemsRefusedError(refused)

    def _everything(self) -> Iterator[Cipher]:
        """Every item as it is now, with what only an owner sees where that is asked for."""
        yield from read_each(self._session)
        if self._as_owner:
            yield from read_every_item(self._session, self._place.organization)

    def _ask(self) -> bytes:
        if not self._is_checked:
            check_version(self._session.client)
            self._is_checked = True
        return ask_for_all(self._session)

    def _look(self, body: bytes | None = None) -> View:
        """At everything, where ``body`` is not what was just sent."""
        organization, body = self._place.organization, body or self._ask()
        seen = read_closed(body, organization, self._recall)
        context = self._context(seen)
        holds = self._recall.holds(context)
        if seen.known and not holds:
            seen = read_closed(body, organization, NOTHING_KNOWN)
        self._last = view = View(seen, self._place)
        if self._as_owner or seen.ciphers or not holds:
            self._open(view)
        foreign = sum(one.file is None for one in seen.known.values())
        view.listing = replace(
            view.listing,
            foreign=view.listing.foreign + foreign,
            known=seen.known,
            digests={} if self._as_owner else seen.digests,
            context=None if self._as_owner else context,
        )
        return view

    def _open(self, view: View) -> None:
        """What is not known: the items, and first the keys and the collections."""
        vault, (_, unseen) = view.vault, view.resolved
        every = self._every_item(vault) if self._as_owner else map(read_cipher, view.seen.ciphers)
        items, foreign, ciphers = list[ActualItem](), 0, iter(every)
        while some := list(islice(ciphers, _AT_ONCE)):
            ours = [item for one in some if (item := view.open(one)) is not None]
            foreign += len(some) - len(ours)
            listing = Listing(tuple(ours), unseen=unseen, digests=view.seen.digests)
            items += view.close(ours, self._recall.settle(listing))
        view.listing = Listing(tuple(items), foreign=foreign, unseen=unseen)
        view.seen = replace(view.seen, ciphers=())  # the whole answer of the server

    def _context(self, seen: Seen) -> Secret:
        return self._with_origin(context_of(seen, self._place.organization))

    def _with_origin(self, said: bytes) -> Secret:
        """What the server said, as a digest of it, of whom it was said to, and of what is asked."""
        place, credentials = self._place, self._session.credentials
        secrets = (credentials.master_password, credentials.user_key)
        origin = [
            place.organization,
            credentials.url,
            credentials.email,
            [None if one is None else one.reveal() for one in secrets],
            place.named,
            place.key_fingerprint,
        ]
        return Secret(hashlib.sha256(msgspec.json.encode([said, origin])).digest())

    def _every_item(self, vault: Vault) -> Sequence[Cipher]:
        """Also those that are in no collection."""
        if vault.membership.type not in {OWNER, ADMIN}:
            raise CredentialError(
                "the account is neither owner nor admin of the organization", kind="not-an-owner"
            )
        return read_every_item(self._session, self._place.organization)

    def _change(
        self, cipher: Cipher, sealed: SealedItem, collection: str, revision: str, file: str
    ) -> None:
        """Where it belongs first: new content is not for those who see the wrong place."""
        if cipher.collection_ids != [collection]:
            self._writer.move(cipher, collection, file=file)
        self._writer.replace(cipher, sealed, revision=revision, file=file)
        if cipher.deleted_date is not None:
            self._writer.restore(cipher.id, file=file)

    def _find_closed(
        self, view: View, items: Sequence[Desired]
    ) -> dict[str | None, PlanaSecretsError]:
        """Before anything is sent: the collections to which the account may not write."""
        closed: dict[str | None, PlanaSecretsError] = {}
        for word in dict.fromkeys(item.collection for item in items):
            found = [one for one, name in view.words.items() if name == word]
            if not found:
                raise UsageError(
                    f"collection {word!r} is not configured", kind="unknown-collection"
                )
            if not view.vault.collections[found[0]].is_writable:
                closed[word] = NotWritableError(
                    f"the account may not write to the collection {word!r}", collection=word
                )
        return closed

    def _tell(self, done: int, total: int) -> None:
        self._observer(Event("mirror-progress", {"done": done, "total": total}))


def _file_of(item: ActualItem) -> str:
    return item.record.file if item.record else item.id


ADVICE: Final = {
    "not-an-owner": "log in as an owner with `plana-secrets login`, then run it again",
    "item-has-attachment": "remove it in a Bitwarden client, then run it again",
}
