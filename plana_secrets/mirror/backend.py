"""What a mirror is written to: the protocol, and the items that pass through it.

A backend stores items and lists them; it decides nothing. What is desired comes from
the files (``source``), what is to be done from ``plan``, and doing it, reading back and
comparing is ``apply``. Three rules bind every backend (tests/mirror/contract.py):
an item is found again by the file named *inside* it, never by its title; items that
hold no record from us are foreign, counted and never changed; what was written is what
``list_items`` returns afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf as staff see it.

    ``path``: the leaf's path as ``format_path`` spells it; it is the field's name.
    ``shown``: the UTF-8 text in the field. ``encoding`` ``base64`` says that the leaf is
    the base64 of ``shown`` (a Secret's ``data``), ``text`` that it is ``shown`` itself.
    ``type``: of the leaf; null has an empty ``shown``.
    """

    path: str
    shown: Secret
    type: LeafType = LeafType.STR
    encoding: Literal["text", "base64"] = "text"

    @property
    def digest(self) -> str:
        """SHA-256 of what is shown, in hex; kept only inside the encrypted item."""
        return hashlib.sha256(self.shown.reveal()).hexdigest()


@dataclass(frozen=True, slots=True)
class PlainLeaf:
    """A leaf that is readable in the file (a manifest's ``kind``), kept for ``restore``."""

    path: str
    text: str
    type: LeafType


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a divided file an item is: ``number`` of ``total``, from 1.

    ``order``, only in the first: from the top of the file, the number of the part that has
    the next leaves, and how many.
    """

    number: int
    total: int
    order: tuple[tuple[int, int], ...] = ()


Form = Literal["note", "login"]


@dataclass(frozen=True, slots=True)
class Record:
    """The provenance inside an item. ``digests`` are of each field as last written by us,
    and of title and note (``item.TITLE``, ``item.NOTE``). A backend writes them as they
    are given: a field that keeps a hand edit keeps its old digest, or has none. An empty one
    says that the field was written, and nothing of its content.

    ``shape``: every path of the file in document order with its type and encoding (or
    ``plain``, ``empty-map``, ``empty-list``, ``unsupported``), so that ``restore`` can
    rebuild the file; ``plain``: its readable leaves.
    ``commit``: None for an item written from the working tree. ``repository``: the id of
    the one that wrote it; None in records of earlier releases. ``part``: None where the
    item is the whole file; else digests, shape and readable leaves are those of the part.
    ``form``: the type of item that was written, where the backend has several.
    """

    file: str
    commit: str | None
    digests: Mapping[str, str]
    shape: tuple[tuple[str, LeafType, str], ...]
    plain: tuple[PlainLeaf, ...] = ()
    repository: str | None = None
    part: Part | None = None
    form: Form = "note"


@dataclass(frozen=True, slots=True)
class DesiredItem:
    """What a secret file, or a part of it, is to look like in the mirror."""

    title: str
    note: str
    collection: str | None
    fields: tuple[Field, ...]
    record: Record

    @property
    def file(self) -> str:
        return self.record.file

    @property
    def label(self) -> str:
        """The file, for a sentence, and which part of it this is."""
        part = self.record.part
        return f"{self.file} ({part.number}/{part.total})" if part else self.file

    def opened(self) -> DesiredItem:
        """Itself; see ``Desired``."""
        return self


class Desired(Protocol):
    """A ``DesiredItem``, or one that is packed until it has its turn; see ``packed``."""

    @property
    def title(self) -> str: ...

    @property
    def collection(self) -> str | None: ...

    @property
    def file(self) -> str: ...

    def opened(self) -> DesiredItem:
        """The item, built each time that it is asked for: not to be kept for many."""
        ...


@dataclass(frozen=True, slots=True)
class ActualItem:
    """One of our items as the backend has it now.

    ``fields``: name to content, as they are now, without the ones that hold the record.
    ``problems``: words of the drift kinds that only the backend can see: ``trashed``,
    ``moved``, ``retyped``, ``undecryptable``, ``attached`` (a file, which only people
    remove), ``altered`` (around the values: a hidden field is shown, old values are kept).
    ``revision``: opaque, for update.
    ``is_held``: it is where the account may not write, so that it cannot be moved back.
    """

    id: str
    title: str
    note: str
    collection: str | None
    fields: Mapping[str, Secret]
    record: Record | None
    problems: frozenset[str] = frozenset()
    revision: str = ""
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A leaf (or, with path None, a whole item) that this backend cannot hold, and why."""

    path: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """An item that was opened in an earlier run, and what its record said then.

    ``digest``: of the whole item as the backend has it, encrypted; with another one it is not
    known. ``file``: whose item it is, None where it is not of this repository;
    ``repository``: of the other one that wrote it, None where no record says one.
    """

    digest: str
    file: str | None = None
    commit: str | None = None
    repository: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """Items, by id, that a listing need not open where they are as they were.

    ``holds``: whether what it is given, all that decides what an item says besides the item
    itself (account, keys, collections), is as it was; else everything is opened.
    ``settle``: is given some items, with their digests, as soon as they are opened, and says
    the ids of those that agree with their files: they are known from then on, and not kept.
    ``is_all``: whether an answer of the server, given as a digest of the whole and of what
    decides what it says, is the one whose items ``items`` are; None where they are not all.
    """

    items: Mapping[str, Known]
    holds: Callable[[Secret], bool]
    settle: Callable[[Listing], Collection[str]] = field(default=lambda _: ())
    is_all: Callable[[Secret], bool] | None = None

    def find(self, item_id: str, digest: str) -> Known | None:
        known = self.items.get(item_id)
        return known if known is not None and known.digest == digest else None

    def listing(self) -> Listing:
        """What there is where all is as it was."""
        foreign = sum(one.file is None for one in self.items.values())
        return Listing((), foreign, known=self.items, is_as_recalled=True)


NOTHING_KNOWN: Final = Recall({}, lambda _: False)


@dataclass(frozen=True, slots=True)
class Listing:
    """All our items, and how many items others have.

    ``others``: those of the foreign ones that another repository wrote. ``unseen``: the
    collections of which this account sees nothing, each with the reason.
    ``known``: the items, by id, that were not opened, or not kept (see ``Recall``); they are in no
    other part, and those of others count as foreign. ``digests``: of all items, by id;
    ``context``: what ``Recall.holds`` is given; ``answer``: what ``Recall.is_all`` is given. A
    backend that never leaves an item closed has none of them. ``is_as_recalled``: that said yes.
    """

    items: tuple[ActualItem, ...]
    foreign: int = 0
    others: tuple[ActualItem, ...] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Known] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    context: Secret | None = None
    answer: Secret | None = None
    is_as_recalled: bool = False

    @property
    def count(self) -> int:
        """How many items are ours."""
        return len(self.items) + sum(one.file is not None for one in self.known.values())

    def origins(self) -> Iterator[tuple[str, str | None]]:
        """File and commit of each of our items that names them."""
        for item in self.items:
            if item.record is not None:
                yield item.record.file, item.record.commit
        for known in self.known.values():
            if known.file is not None:
                yield known.file, known.commit

    def strangers(self) -> Iterator[tuple[str, str | None]]:
        """Repository and commit of each item that another repository wrote."""
        for item in self.others:
            if item.record is not None and item.record.repository is not None:
                yield item.record.repository, item.record.commit
        for known in self.known.values():
            if known.file is None and known.repository is not None:
                yield known.repository, known.commit


class Backend(Protocol):
    """Raises of every method: CredentialError, UnavailableError, ConflictError, MalformedError."""

    name: str

    @property
    def item_size(self) -> int | None:
        """Bytes, as ``form.weigh`` counts, of an item of a file that was refused as a whole and
        so is divided; None: no file is divided."""
        ...

    def find_unsupported(self, item: DesiredItem) -> tuple[Unsupported, ...]:
        """What of ``item`` cannot be held; asked before anything is sent."""
        ...

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Listing:
        """What is there now. A backend without digests opens all, whatever ``recall`` knows."""
        ...

    def list_again(self, ids: Sequence[str]) -> Listing | None:
        """The last listing with some of its items as they are now.

        None: only ``list_items`` says it, or says it as cheaply.
        """
        ...

    def create_items(self, items: Sequence[Desired]) -> None:
        """Create them; called only for files that have no item. May stop in the middle.

        Raises:
            ItemsRefusedError: some of them cannot be created; the others were.
        """
        ...

    def update_item(self, actual: ActualItem, desired: DesiredItem) -> None:
        """Make ``actual`` equal to ``desired``, in any place and of any type.

        Raises ConflictError where it changed since it was listed.
        """
        ...

    def delete_items(self, items: Sequence[ActualItem]) -> None:
        """Delete them for good; trash stays readable to staff.

        Raises:
            ItemsRefusedError: some of them were not deleted; the others were.
        """
        ...

    @property
    def requests(self) -> int:
        """How many requests went over a wire so far; 0 for a backend without one."""
        ...
