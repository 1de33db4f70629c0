"""A backend that leaves known items closed, and files that count how often they are opened."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from plana_secrets.errors import CredentialError
from plana_secrets.mirror.agreed import Agreed
from plana_secrets.mirror.backend import NOTHING_KNOWN, ActualItem, Known, Listing, Recall
from plana_secrets.mirror.drift import Choices
from plana_secrets.mirror.owner import OwnItems
from plana_secrets.mirror.source import Source, UnknownFile
from plana_secrets.mirror.state import Look
from plana_secrets.secret import Secret
from tests.fakes.memory import MemoryBackend, MemoryStore
from tests.mirror.steps import make_item


@dataclass
class Server:
    """A store, and what else decides what its items say. ``unseen``: collections.

    ``at_once``: so many items are compared as they are opened; 0: none before all are open.
    """

    store: MemoryStore = field(default_factory=MemoryStore)
    context: str = "an account"
    at_once: int = 2
    unseen: dict[str, str] = field(default_factory=dict)


class ClosingBackend(MemoryBackend):
    """Has a digest of each item, foreign ones included. ``opened``: the items that it opened;
    ``kept``: how many of them at most are in a listing.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server.store)
        self._server = server
        self.opened: list[str] = []
        self.kept = 0

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Listing:
        store, context = self._server.store, Secret.from_text(self._context())
        sealed: dict[str, ActualItem | str] = dict(store.items)
        sealed |= {f"foreign {number}": title for number, title in enumerate(store.foreign)}
        digests = {item_id: digest_of(content) for item_id, content in sealed.items()}
        answer = Secret.from_text(f"{digests} {self._context()}")
        if recall.is_all is not None and recall.is_all(answer):
            return recall.listing()
        is_asked = recall.is_all is not None
        holds = recall.holds(context)
        if not holds:
            recall = replace(recall, items={})
        found = {item_id: recall.find(item_id, digest) for item_id, digest in digests.items()}
        known = {item_id: one for item_id, one in found.items() if one is not None}
        items = [item for key, item in store.items.items() if key not in known]
        self.opened += [key for key in sealed if key not in known]
        has_to_open = not holds or known.keys() != sealed.keys()
        foreign = sum(key not in known for key in sealed) - len(items)
        kept = list[ActualItem]()
        at_once = self._server.at_once or len(items) + 1
        for start in range(0, len(items), at_once):
            some = tuple(items[start : start + at_once])
            listing = Listing(some, unseen=self._server.unseen, digests=digests)
            settled = recall.settle(listing) if self._server.at_once else ()
            for item in some:
                if item.id in settled and item.record is not None:
                    record = item.record
                    known[item.id] = Known(digests[item.id], record.file, record.commit)
                else:
                    kept.append(item)
        self.kept = max(self.kept, len(kept))
        return Listing(
            tuple(kept),
            foreign + sum(one.file is None for one in known.values()),
            unseen=self._server.unseen if has_to_open else {},
            known=known,
            digests=digests,
            context=context,
            answer=answer if is_asked else None,
        )

    def _context(self) -> str:
        return f"{self._server.context} {sorted(self._server.unseen)}"


def digest_of(content: ActualItem | str) -> str:
    """Of everything in an item; a Secret does not show itself in a repr."""
    if isinstance(content, str):
        return hashlib.sha256(content.encode()).hexdigest()
    fields = {name: value.reveal() for name, value in content.fields.items()}
    return hashlib.sha256(f"{content} {fields}".encode()).hexdigest()


@dataclass
class Repository:
    """Secret files, and the settings that say where their items go.

    ``files``: values by path; None for a file that no identity opens. ``renamed``: former
    names that git says, by the new one.
    """

    files: dict[str, dict[str, str] | None] = field(default_factory=dict)
    commit: str | None = "a" * 40
    owner: str | None = "r-ours"
    excluded: set[str] = field(default_factory=set)
    places: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def look(
        self, server: Server, choices: Choices, agreed: Agreed | None
    ) -> tuple[Look, Files, ClosingBackend]:
        git = SimpleNamespace(
            is_ancestor=lambda _ancestor, _commit: True,
            renames=lambda _former, _commit: self.renamed,
        )
        snapshot: Any = SimpleNamespace(
            commit=self.commit,
            is_work_tree=self.commit is None,
            workspace=SimpleNamespace(repository=git),
        )
        reader: Any = Files(self)
        backend = ClosingBackend(server)
        owned = OwnItems(backend, self.owner)
        look = Look(snapshot, reader, owned, choices, agreed=agreed, keyed=self.keyed)
        return look, reader, backend

    def keyed(self, context: Secret) -> str:
        """As ``AgreedFile``, whose key is bound to the repository."""
        return hashlib.sha256(f"key of {self.owner}".encode() + context.reveal()).hexdigest()


class Files:
    """As ``SourceReader``. ``opened``: the files that were; ``held``: those that are kept."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.commit = repository.commit
        self.opened: list[str] = []
        self.held = set[str]()

    @property
    def stamp(self) -> str | None:
        return self.commit and hashlib.sha256(repr(self._repository).encode()).hexdigest()

    def are(self, files: Collection[str]) -> bool:
        repository = self._repository
        return set(files) == repository.files.keys() - repository.excluded

    def all_settled(self, settled: Collection[str]) -> Source:
        return Source(self.commit, (), settled=frozenset(settled))

    def mark_of(self, file: str) -> str | None:
        content = self._repository.files.get(file)
        return hashlib.sha256(repr(content).encode()).hexdigest()

    def place_of(self, file: str) -> tuple[str, str | None] | None:
        repository = self._repository
        if file not in repository.files or file in repository.excluded:
            return None
        return repository.titles.get(file, file), repository.places.get(file, "prod")

    def read(self, settled: Collection[str] = (), _: object = None) -> Source:
        repository = self._repository
        mapped = [one for one in sorted(repository.files) if one not in repository.excluded]
        fresh = {one: repository.files[one] for one in mapped if one not in settled}
        self.opened += [one for one in fresh if one not in self.opened]
        self.held |= fresh.keys()
        locked = [one for one, content in fresh.items() if content is None]
        return Source(
            head=self.commit,
            items=tuple(
                self._item(file, content) for file, content in fresh.items() if content is not None
            ),
            unknown=tuple(UnknownFile(one, CredentialError("no identity")) for one in locked),
            withdrawn=frozenset(repository.excluded & repository.files.keys()),
            titles={file: repository.titles.get(file, file) for file in repository.files},
            settled=frozenset(settled),
        )

    def read_some(self, files: Collection[str], _: object) -> Source:
        every = self.read({one for one in self._repository.files if one not in files})
        return Source(None, every.items, titles=every.titles)

    def drop(self, files: Iterable[str]) -> None:
        self.held -= set(files)

    def _item(self, file: str, values: Mapping[str, str]) -> Any:
        title, collection = self.place_of(file) or ("", None)
        return make_item(
            file,
            dict(values),
            collection=collection,
            commit=self.commit,
            title=title,
            repository=self._repository.owner,
        )


def add_stranger(server: Server, number: int, commit: str | None) -> None:
    """An item of another repository, of this history or not."""
    item = make_item("theirs.yaml", {"a": "b"}, commit=commit, repository=f"r-theirs-{number}")
    MemoryBackend(server.store).create_items([item])
