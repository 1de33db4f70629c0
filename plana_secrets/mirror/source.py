"""What the files say the mirror is to hold.

The source is the commit at HEAD: what a mirror shows was committed, and the note in it
says where. Files that differ from it in the working tree are named, not copied. A file
that cannot be read is not a file that is gone: it is *unknown*, and stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.errors import CredentialError, FailedError, MalformedError, PlanaSecretsError
from plana_secrets.mirror.backend import DesiredItem, Unsupported
from plana_secrets.mirror.item import build_item, copy_document, without_paths
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.mirror.wording import titles_of
from plana_secrets.secretfiles.listing import (
    glob_match,
    last_match,
    list_secret_files,
    select_secret_files,
)
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.model import RULES_FILE, Document
from plana_secrets.sops.rules.rulesfile import Rules, parse_rules


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
    the commit. ``unmapped``: files for which the backend has no place.
    """

    head: str | None
    items: tuple[DesiredItem, ...]
    unknown: tuple[UnknownFile, ...] = ()
    unmapped: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    unsupported: Mapping[str, tuple[Unsupported, ...]] = field(default_factory=dict)


def read_source(
    workspace: Workspace,
    settings: MirrorSettings,
    *,
    worktree: bool = False,
    never: Collection[str] = (),
) -> Source:
    """Read every secret file that is to be mirrored; ``never`` names some that are not."""
    head = workspace.repository.head()
    tree = _WorkTree(workspace) if worktree else _Commit(workspace, head)
    files = [
        file
        for file in tree.files()
        if file not in never
        and not glob_match(settings.exclude, file)
        and not _is_keyset(tree.rules, file)
    ]
    collections = _collections(settings, files)
    mapped = [file for file in files if file in collections]
    reading = _Reading(
        workspace, None if worktree else head, collections, titles_of(files, _roots(workspace))
    )
    for file, content in tree.contents(mapped):
        reading.take(file, content)
    return Source(
        head=head,
        items=tuple(reading.items),
        unknown=tuple(reading.unknown),
        unmapped=tuple(file for file in files if file not in collections),
        uncommitted=() if worktree else _uncommitted(workspace),
        titles=reading.titles,
        unsupported=reading.unsupported,
    )


def _roots(workspace: Workspace) -> tuple[str, ...]:
    return tuple(root.strip("/") for root in workspace.settings.roots)


def _uncommitted(workspace: Workspace) -> tuple[str, ...]:
    changed = workspace.repository.changed_files(under=_roots(workspace))
    return select_secret_files(workspace.settings, changed)


def _is_keyset(rules: Rules, file: str) -> bool:
    """A keyset is not mirrored, what is rendered from it is."""
    rule = rules.rule_for(file)
    return rule is not None and kind_of(rule.selector) is FileKind.KEYSET


def _collections(settings: MirrorSettings, files: Iterable[str]) -> dict[str, str | None]:
    """The collection of each file that has a place; without a server every file has one."""
    if settings.backend != "vaultwarden" or settings.vaultwarden is None:
        return dict.fromkeys(files)
    globs = settings.vaultwarden.collections
    matched = {file: last_match(globs, file) for file in files}
    return {file: globs[glob] for file, glob in matched.items() if glob and glob[0] != "!"}


class _Commit:
    """The files of a commit; a repository without one has none."""

    def __init__(self, workspace: Workspace, commit: str | None) -> None:
        self._workspace = workspace
        self._repository = workspace.repository
        self._commit = commit
        rules = self._repository.read_blob(commit, RULES_FILE) if commit else None
        self.rules = parse_rules(rules or b"")

    def files(self) -> tuple[str, ...]:
        if self._commit is None:
            return ()
        names = self._repository.list_files(self._commit, under=_roots(self._workspace))
        return select_secret_files(self._workspace.settings, names)

    def contents(self, files: list[str]) -> Iterator[tuple[str, bytes | FailedError]]:
        if self._commit is None:
            return
        missing = set(files)
        for file, content in self._repository.iterate_blobs(self._commit, files):
            missing.discard(file)
            yield file, content
        for file in sorted(missing):
            yield (
                file,
                FailedError(
                    f"{file} is a symlink or not a regular file", kind="symlink", file=file
                ),
            )


class _WorkTree:
    """The files as they are on the disk."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.rules = parse_rules(b"")
        if os.path.lexists(workspace.rules_path):
            self.rules = workspace.rules

    def files(self) -> tuple[str, ...]:
        return list_secret_files(self._workspace)

    def contents(self, files: list[str]) -> Iterator[tuple[str, bytes | FailedError]]:
        for file in files:
            try:
                yield file, read_bytes_of(self._workspace, file)
            except FailedError as error:
                yield file, error


class _Reading:
    """Items and unknown files while the files are read one after the other."""

    def __init__(
        self,
        workspace: Workspace,
        commit: str | None,
        collections: Mapping[str, str | None],
        titles: Mapping[str, str],
    ) -> None:
        self._identities = workspace.identities
        self._commit = commit
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
