"""Every content of the history that a leaver could open: by what it says of its readers.

The label of an age file is not bound to the key in it, so this believes the metadata of each
version. All branches, tags and stashes count that are here; the commit at HEAD holds today.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from plana_secrets import limits
from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.config.toml import parse_toml
from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.lineage import earlier_contents, every_content
from plana_secrets.offboarding.datakeys import DataKeys
from plana_secrets.offboarding.evidence import Era, split_eras
from plana_secrets.secretfiles.ciphertexts import Version, Versions, links_of, opaque_version
from plana_secrets.secretfiles.discovery import SOPS_MARK
from plana_secrets.secretfiles.formers import Seen
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of


@dataclass(frozen=True, slots=True)
class FilePast:
    """One name that a file had. ``today``: the file that it is at HEAD, None if it is gone.

    ``now``: the version of today, None where it cannot be looked into. ``known``: the versions of
    this name that the leaver could open, ``readable``: those of every name of the file.
    ``eras``: the versions of the file of today, by data key, newest first.
    """

    name: str
    today: str | None
    now: Version | None
    known: tuple[Version, ...]
    readable: tuple[Version, ...]
    eras: tuple[Era, ...]

    def ciphertexts(self, path: str) -> frozenset[bytes]:
        """All that the leaver could read at ``path``."""
        return frozenset(one.values[path] for one in self.readable if path in one.values)


@dataclass(frozen=True, slots=True)
class Past:
    """``reads``: files that the leaver can open at HEAD, ``encrypted``: all that are encrypted
    there. ``data_keys``: of all contents."""

    files: tuple[FilePast, ...] = ()
    reads: tuple[str, ...] = ()
    encrypted: tuple[str, ...] = ()
    data_keys: DataKeys = field(default_factory=DataKeys)


def keys_of(workspace: Workspace, name: str) -> frozenset[str]:
    """Every recipient that the settings ever gave this name, in canonical spelling."""
    git = workspace.repository.command
    if workspace.repository.head() is None:
        return frozenset()
    blobs = [blob for _, blob in every_content(git, under=[SETTINGS_FILE])]
    found: set[str] = set()
    for _, content in iterate_contents(git, blobs, limit=limits.SETTINGS_FILE):
        if isinstance(content, bytes):
            found.update(_keys_in(content, name))
    return frozenset(found)


def _keys_in(settings: bytes, name: str) -> Iterator[str]:
    try:
        table = parse_toml(settings).get("recipients")
    except UsageError:
        return  # a commit may have a file that no one could use
    entry = table.get(name) if isinstance(table, dict) else None
    key = entry.get("key") if isinstance(entry, dict) else None
    if isinstance(key, str):
        yield canonical_recipient(key)


def read_past(workspace: Workspace, keys: Collection[str], shown: Collection[str] = ()) -> Past:
    """What those who have one of ``keys`` could open.

    ``shown``: blobs whose values they saw elsewhere, whatever their readers are.

    Raises:
        FailedError: git has not all of the history, as in a partial clone.
    """
    repository = workspace.repository
    head = repository.head()
    if head is None:
        return Past()
    return _Reading(workspace, at_commit(workspace, head), frozenset(keys), frozenset(shown)).read()


class _Reading:
    """One walk through the history."""

    def __init__(
        self, workspace: Workspace, today: Snapshot, keys: frozenset[str], shown: frozenset[str]
    ) -> None:
        self._git = workspace.repository.command
        self._today = today
        self._keys = keys
        self._shown = shown
        self._data_keys = DataKeys()
        self._encrypted: set[str] = set()
        self._versions: dict[str, Version] = {}

    def read(self) -> Past:
        blobs_of: dict[str, list[str]] = {}
        for name, blob in every_content(self._git):
            blobs_of.setdefault(name, []).append(blob)
        named = self._look(dict.fromkeys(blob for each in blobs_of.values() for blob in each))
        readable = self._data_keys.sharing(named) | self._shown
        touched = [name for name, blobs in blobs_of.items() if not readable.isdisjoint(blobs)]
        present = self._present(touched)
        lineages = self._lineages(present, readable)
        owners = self._owners(touched, blobs_of, lineages)
        needed = {blob: name for name in touched for blob in blobs_of[name]}
        needed |= {blob: name for name, blobs in lineages.items() for blob in blobs}
        self._load(needed)
        files = [
            self._past(name, owners.get(name), blobs_of[name], lineages, readable)
            for name in sorted(touched)
        ]
        reads = [name for name in lineages if self._reads(name)]
        return Past(tuple(files), tuple(sorted(reads)), tuple(present), self._data_keys)

    def _look(self, blobs: Iterable[str]) -> set[str]:
        """The blobs that name one of the keys; on the way, which are encrypted, and with what."""
        named: set[str] = set()
        for blob, content in iterate_contents(self._git, list(blobs), limit=_LARGEST):
            if not isinstance(content, bytes) or SOPS_MARK.encode() not in content:
                continue
            seen = Seen(content)
            self._encrypted.add(blob)
            self._data_keys.add(blob, links_of(seen))
            if not seen.recipients.isdisjoint(self._keys):
                named.add(blob)
        return named

    def _present(self, touched: Collection[str]) -> list[str]:
        """The files at HEAD that are encrypted, or were once readable."""
        chosen = frozenset(touched)
        return [
            name
            for name, entry in self._today.tree.listing().entries.items()
            if entry.is_regular and (entry.id in self._encrypted or name in chosen)
        ]

    def _lineages(self, present: Sequence[str], readable: frozenset[str]) -> dict[str, list[str]]:
        """The blobs of each file of today that was once readable, newest first."""
        if not present or self._today.commit is None:
            return {}
        found = earlier_contents(self._git, present, self._today.commit, under=())
        lineages = {}
        for name, blobs in found.items():
            entry = self._today.entry(name)
            first = [entry.id] if entry is not None else []
            whole = [one for one in dict.fromkeys([*first, *blobs]) if one.strip("0")]
            if not readable.isdisjoint(whole):
                lineages[name] = whole
        return lineages

    @staticmethod
    def _owners(
        touched: Sequence[str],
        blobs_of: Mapping[str, Sequence[str]],
        lineages: Mapping[str, Sequence[str]],
    ) -> dict[str, str]:
        """Name -> the file that it is today: itself, or the one that it was renamed to."""
        file_of = {blob: file for file, blobs in lineages.items() for blob in blobs}
        owners = {name: name for name in lineages}
        for name in touched:
            if name not in owners:
                found = next((file_of[one] for one in blobs_of[name] if one in file_of), None)
                if found is not None:
                    owners[name] = found
        return owners

    def _load(self, needed: Mapping[str, str]) -> None:
        reader = Versions()
        for blob, content in iterate_contents(self._git, list(needed), limit=_LARGEST):
            if isinstance(content, bytes):
                form = format_of(needed[blob])
                self._versions[blob] = (
                    reader.read(blob, content, form)
                    if len(content) <= limits.SECRET_FILE
                    else opaque_version(blob, content)
                )

    def _past(
        self,
        name: str,
        today: str | None,
        own: Sequence[str],
        lineages: Mapping[str, Sequence[str]],
        readable: frozenset[str],
    ) -> FilePast:
        line = lineages[today] if today is not None else ()
        every = self._read_of(one for one in dict.fromkeys([*line, *own]) if one in readable)
        known = self._read_of(one for one in own if one in readable)
        now = self._versions.get(line[0]) if line else None
        return FilePast(name, today, now, known, every, tuple(split_eras(self._read_of(line))))

    def _read_of(self, blobs: Iterable[str]) -> tuple[Version, ...]:
        return tuple(self._versions[one] for one in blobs if one in self._versions)

    def _reads(self, name: str) -> bool:
        entry = self._today.entry(name)
        version = self._versions.get(entry.id) if entry is not None else None
        return version is not None and not version.readers.isdisjoint(self._keys)


def check_whole(workspace: Workspace) -> None:
    """
    Raises:
        FailedError: the history here is not whole (kind ``partial-past``).
    """
    missing = workspace.repository.missing_history()
    if missing is not None:
        raise FailedError(f"{missing} does not show what was readable", kind="partial-past")


_LARGEST: Final = limits.READABLE_FILE
"""sops has no limit: what is too large to be read here may name its readers all the same."""
