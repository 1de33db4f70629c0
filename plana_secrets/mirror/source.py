"""What the files say the mirror is to hold.

The source is a snapshot, as a rule of the commit at HEAD: what a mirror shows was
committed, and the note in it says where. Files that differ from it in the working tree are
named, not copied. A file
that cannot be read is not a file that is gone: it is *unknown*, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from plana_secrets.document.kinds import FileKind, kind_of, kind_of_document
from plana_secrets.errors import CredentialError, FailedError, MalformedError, PlanaSecretsError
from plana_secrets.git.changes import is_clean
from plana_secrets.mirror.backend import Desired, DesiredItem, Unsupported
from plana_secrets.mirror.item import Copy, build_item, copy_document, without_paths
from plana_secrets.mirror.logins import find_places
from plana_secrets.mirror.packed import PackedItem
from plana_secrets.mirror.settings import BackendSettings, MirrorSettings
from plana_secrets.mirror.wording import titles_of
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.listing import is_of_others
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.snapshot import Snapshot, work_tree
from plana_secrets.sops.model import Document

FindUnsupported = Callable[[DesiredItem], tuple[Unsupported, ...]]
"""See ``backend.Backend``."""


@dataclass(frozen=True, slots=True)
class UnknownFile:
    """A file that could not be read: for want of an identity, or because it is malformed."""

    file: str
    error: PlanaSecretsError

    @property
    def is_locked(self) -> bool:
        return isinstance(self.error, CredentialError)


@dataclass(frozen=True, slots=True)
class Source:
    """All that the files say. ``head`` is the commit at HEAD, also for the working tree.

    ``uncommitted``: secret files of which the working tree holds something else than
    the commit. ``unmapped``: files for which the backend has no place. ``withdrawn``: all
    secret files that are not mirrored. ``settled``: files that agree with their items, and were
    not opened, or not kept.
    """

    head: str | None
    items: tuple[Desired, ...]
    unknown: tuple[UnknownFile, ...] = ()
    unmapped: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    uncommitted: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    unsupported: Mapping[str, tuple[Unsupported, ...]] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many files are mirrored, opened or not."""
        return len(self.items) + len(self.settled)


def item_titles(
    snapshot: Snapshot, settings: MirrorSettings, *, never: Collection[str] = ()
) -> dict[str, str]:
    """File -> the title of its item, of the files that are mirrored. Nothing is opened."""
    if settings.chosen is None:
        return {}
    files = _eligible(snapshot, settings, never)
    placed, titles = _collections(settings, files), titles_of(files, _roots(snapshot))
    return {file: titles[file] for file in files if file in placed}


def unmapped_files(
    snapshot: Snapshot,
    settings: MirrorSettings,
    backend: BackendSettings,
    *,
    never: Collection[str] = (),
) -> tuple[str, ...]:
    """The files for which a backend has no place. Nothing is opened."""
    files = _eligible(snapshot, settings, never)
    placed = backend.places_of(files)
    return tuple(file for file in files if file not in placed)


def files_at(
    snapshot: Snapshot, settings: MirrorSettings, backend: BackendSettings, places: Collection[str]
) -> list[str]:
    """The files whose items are at one of ``places`` of a backend. Nothing is opened."""
    placed = backend.places_of(_eligible(snapshot, settings, ()))
    return [file for file, place in placed.items() if place in places]


def _eligible(snapshot: Snapshot, settings: MirrorSettings, never: Collection[str]) -> list[str]:
    return [
        file
        for file in snapshot.secret_files
        if file not in never
        and not glob_match(settings.exclude, file)
        and not _is_keyset(snapshot, file)
    ]


def _roots(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(root.strip("/") for root in snapshot.settings.roots)


def _uncommitted(commit: Snapshot) -> tuple[str, ...]:
    if commit.commit is not None and is_clean(commit.workspace.repository, commit.commit):
        return ()
    changed = commit.secret_differences(work_tree(commit.workspace))
    return tuple(file for file in changed if not is_of_others(file))


def _is_keyset(snapshot: Snapshot, file: str) -> bool:
    """A keyset is not mirrored, what is rendered from it is."""
    rule = snapshot.rule_for(file)
    return rule is not None and kind_of(rule.selector) is FileKind.KEYSET


def _collections(settings: MirrorSettings, files: Iterable[str]) -> Mapping[str, str | None]:
    """The collection of each file that has a place."""
    return settings.chosen.places_of(files) if settings.chosen else dict.fromkeys(files)


class SourceReader:
    """The files that are to be mirrored, each opened when it is asked for, and kept until it is
    dropped.

    ``titles``: of all that could be.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        settings: MirrorSettings,
        *,
        never: Collection[str] = (),
        owner: str | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._settings = settings
        self._never = frozenset(never)
        self._owner = owner
        self._items: dict[str, Desired] = {}
        self._unknown: dict[str, UnknownFile] = {}
        self._unsupported: dict[str, tuple[Unsupported, ...]] = {}
        self._taken: dict[str, str | None] = {}

    @property
    def commit(self) -> str | None:
        """The one that is read, if it is one."""
        return self._snapshot.commit

    @property
    def stamp(self) -> str | None:
        """Where it is the same under the same settings, so is every file; none of a work tree."""
        return self.commit and " ".join([self.commit, *sorted(self._never)])

    def are(self, files: Collection[str]) -> bool:
        """Whether these are all files that are to be mirrored, and each has a place."""
        return set(files) == set(self._files)

    @cached_property
    def titles(self) -> Mapping[str, str]:
        return titles_of(self._files, _roots(self._snapshot))

    @cached_property
    def _files(self) -> list[str]:
        return _eligible(self._snapshot, self._settings, self._never)

    @cached_property
    def _collections(self) -> Mapping[str, str | None]:
        return _collections(self._settings, self._files)

    @cached_property
    def _mapped(self) -> list[str]:
        return [file for file in self._files if file in self._collections]

    def mark_of(self, file: str) -> str | None:
        """The id that git has for a file's content; once it was opened, for what was opened."""
        return self._taken.get(file) or self._marks.get(file)

    @cached_property
    def _marks(self) -> dict[str, str]:
        return self._snapshot.blob_ids(self._mapped)

    def place_of(self, file: str) -> tuple[str, str | None] | None:
        """The title and the collection of a file's item; None where it has none."""
        if file not in self._collections:
            return None
        return self.titles[file], self._collections[file]

    def all_settled(self, settled: Collection[str]) -> Source:
        """Where ``settled`` are all files, and nothing is to be said of any. Not one is listed."""
        return Source(self._head, (), uncommitted=self._uncommitted, settled=frozenset(settled))

    def read(
        self, settled: Collection[str] = (), find_unsupported: FindUnsupported = lambda _: ()
    ) -> Source:
        """All that the files say; ``settled`` ones are not opened, unless they were before."""
        mapped = [one for one in self._mapped if one not in settled]
        for item in self._open(mapped, find_unsupported):
            self._items[item.file] = PackedItem.of(item)
        return self._source(frozenset(settled))

    def read_some(self, files: Collection[str], find_unsupported: FindUnsupported) -> Source:
        """What some files say, and nothing of the others."""
        mapped = [one for one in files if one in self._collections]
        for item in self._open(mapped, find_unsupported):
            self._items[item.file] = item
        items = tuple(self._items[one].opened() for one in mapped if one in self._items)
        return Source(None, items, titles=self.titles, unsupported=self._unsupported)

    def drop(self, files: Iterable[str]) -> None:
        """Keep nothing of some files; they are opened again where they are asked for again."""
        for file in files:
            del self._items[file], self._taken[file], self._unsupported[file]

    def _open(
        self, files: Iterable[str], find_unsupported: FindUnsupported
    ) -> Iterator[DesiredItem]:
        """The items of those files that were not opened before."""
        fresh = [one for one in files if one not in self._taken]
        for file, content in self._snapshot.contents(fresh):
            item = self._take(file, content)
            if item is not None:
                found = find_unsupported(item)
                self._unsupported[file] = (*self._unsupported.get(file, ()), *found)
                yield item

    def _source(self, settled: frozenset[str]) -> Source:
        order = [file for file in self._mapped if file not in settled]
        items = tuple(self._items[file] for file in order if file in self._items)
        unknown = tuple(self._unknown[file] for file in order if file in self._unknown)
        mirrored = settled.union(self._items, self._unknown)
        return Source(
            withdrawn=frozenset(self._snapshot.secret_files) - mirrored,
            head=self._head,
            items=items,
            unknown=unknown,
            unmapped=tuple(file for file in self._files if file not in self._collections),
            uncommitted=self._uncommitted,
            titles=self.titles,
            unsupported=self._unsupported,
            settled=settled,
        )

    @property
    def _head(self) -> str | None:
        snapshot = self._snapshot
        return snapshot.workspace.repository.head() if snapshot.is_work_tree else snapshot.commit

    @cached_property
    def _uncommitted(self) -> tuple[str, ...]:
        return () if self._snapshot.is_work_tree else _uncommitted(self._snapshot)

    def _take(self, file: str, content: bytes | FailedError) -> DesiredItem | None:
        self._taken[file] = None
        try:
            if isinstance(content, FailedError):
                raise content
            if self._snapshot.is_work_tree:
                self._taken[file] = self._snapshot.workspace.repository.blob_id(content)
            _check_name(file)
            document = open_bytes(content, file, self._snapshot.workspace.identities)
        except (CredentialError, FailedError) as error:
            self._unknown[file] = UnknownFile(file, error)
            return None
        kind = kind_of_document(document)
        if kind is FileKind.KEYSET:
            return None
        return self._build(file, document, is_manifest=kind is FileKind.SECRET_MANIFEST)

    def _build(self, file: str, document: Document, *, is_manifest: bool) -> DesiredItem:
        copy = copy_document(document, is_manifest=is_manifest)
        item = build_item(
            file=file,
            title=self.titles[file],
            commit=self._snapshot.commit,
            collection=self._collections[file],
            fields=copy.fields,
            shape=copy.shape,
            plain=copy.plain,
            repository=self._owner,
            form="login" if self._is_login(file, copy) else "note",
        )
        if copy.not_text:
            self._unsupported[file] = tuple(
                Unsupported(path, "the value is not UTF-8 text") for path in copy.not_text
            )
        return without_paths(item, frozenset(copy.not_text))

    def _is_login(self, file: str, copy: Copy) -> bool:
        backend = self._settings.chosen
        if backend is None or not backend.is_login(file):
            return False
        return bool(find_places(copy.shape, copy.plain))


def _check_name(file: str) -> None:
    """An item names its file as text."""
    try:
        file.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedError("the name of a file is not UTF-8", kind="bad-file-name") from None


ADVICE: Final = {
    "bad-file-name": "rename the file with `git mv` to a UTF-8 name",
}
