"""What the files say the mirror is to hold.

The source is a snapshot, as a rule of the commit at HEAD: what a mirror shows was
committed, and the note in it says where. Files that differ from it in the working tree are
named, not copied. A file
that cannot be read is not a file that is gone: it is *unknown*, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.errors import CredentialError, FailedError, MalformedError, PlanaSecretsError
from plana_secrets.mirror.backend import DesiredItem, Unsupported
from plana_secrets.mirror.item import build_item, copy_document, without_paths
from plana_secrets.mirror.settings import BackendSettings, MirrorSettings
from plana_secrets.mirror.wording import titles_of
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.listing import is_of_others
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.snapshot import Snapshot, work_tree
from plana_secrets.sops.model import Document


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
    secret files that are not mirrored.
    """

    head: str | None
    items: tuple[DesiredItem, ...]
    unknown: tuple[UnknownFile, ...] = ()
    unmapped: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    uncommitted: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    unsupported: Mapping[str, tuple[Unsupported, ...]] = field(default_factory=dict)


def read_source(
    snapshot: Snapshot,
    settings: MirrorSettings,
    *,
    never: Collection[str] = (),
    owner: str | None = None,
) -> Source:
    """Read every secret file that is to be mirrored; ``never`` names some that are not.

    ``owner``: the id of the repository.
    """
    workspace = snapshot.workspace
    files = _eligible(snapshot, settings, never)
    collections = _collections(settings, files)
    mapped = [file for file in files if file in collections]
    reading = _Reading(snapshot, collections, titles_of(files, _roots(snapshot)), owner)
    for file, content in snapshot.contents(mapped):
        reading.take(file, content)
    taken = {one.file for one in reading.items} | {one.file for one in reading.unknown}
    return Source(
        withdrawn=frozenset(snapshot.secret_files) - taken,
        head=workspace.repository.head() if snapshot.is_work_tree else snapshot.commit,
        items=tuple(reading.items),
        unknown=tuple(reading.unknown),
        unmapped=tuple(file for file in files if file not in collections),
        uncommitted=() if snapshot.is_work_tree else _uncommitted(snapshot),
        titles=reading.titles,
        unsupported=reading.unsupported,
    )


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
    changed = commit.secret_differences(work_tree(commit.workspace))
    return tuple(file for file in changed if not is_of_others(file))


def _is_keyset(snapshot: Snapshot, file: str) -> bool:
    """A keyset is not mirrored, what is rendered from it is."""
    rule = snapshot.rule_for(file)
    return rule is not None and kind_of(rule.selector) is FileKind.KEYSET


def _collections(settings: MirrorSettings, files: Iterable[str]) -> Mapping[str, str | None]:
    """The collection of each file that has a place."""
    return settings.chosen.places_of(files) if settings.chosen else dict.fromkeys(files)


class _Reading:
    """Items and unknown files while the files are read one after the other."""

    def __init__(
        self,
        snapshot: Snapshot,
        collections: Mapping[str, str | None],
        titles: Mapping[str, str],
        owner: str | None,
    ) -> None:
        self._owner = owner
        self._identities = snapshot.workspace.identities
        self._commit = snapshot.commit
        self._collections = collections
        self.titles = titles
        self.items: list[DesiredItem] = []
        self.unknown: list[UnknownFile] = []
        self.unsupported: dict[str, tuple[Unsupported, ...]] = {}

    def take(self, file: str, content: bytes | FailedError) -> None:
        try:
            if isinstance(content, FailedError):
                raise content
            _check_name(file)
            document = open_bytes(content, file, self._identities)
        except (CredentialError, FailedError) as error:
            self.unknown.append(UnknownFile(file, error))
            return
        kind = _kind(document)
        if kind is not FileKind.KEYSET:
            self._add(file, document, is_manifest=kind is FileKind.SECRET_MANIFEST)

    def _add(self, file: str, document: Document, *, is_manifest: bool) -> None:
        copy = copy_document(document, is_manifest=is_manifest)
        item = build_item(
            file=file,
            title=self.titles[file],
            commit=self._commit,
            collection=self._collections[file],
            fields=copy.fields,
            shape=copy.shape,
            plain=copy.plain,
            repository=self._owner,
        )
        if copy.not_text:
            self.unsupported[file] = tuple(
                Unsupported(path, "the value is not UTF-8 text") for path in copy.not_text
            )
        self.items.append(without_paths(item, frozenset(copy.not_text)))


def _check_name(file: str) -> None:
    """An item names its file as text."""
    try:
        file.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedError("the name of a file is not UTF-8", kind="bad-file-name") from None


def _kind(document: Document) -> FileKind:
    metadata = document.structure.metadata
    return kind_of(metadata.selector) if metadata else FileKind.OTHER


ADVICE: Final = {
    "bad-file-name": "rename the file with `git mv` to a UTF-8 name",
}
