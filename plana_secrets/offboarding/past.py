"""Every content of the history that a leaver could open: by what it says of its readers.

The label of an age file is not bound to the key in it, so this believes the metadata of each
version. All branches and tags count that are here, the commit at HEAD is what holds today.
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
from plana_secrets.offboarding.evidence import Era, readable, split_eras
from plana_secrets.secretfiles.ciphertexts import Version, Versions
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import Format, format_of


@dataclass(frozen=True, slots=True)
class FilePast:
    """One name that a file had. ``today``: the file that it is at HEAD, None if it is gone.

    ``known``: the versions of this name that the leaver could open. ``eras``: those of the file
    of today, by data key, newest first. ``ciphertexts``: path -> all that the leaver could read
    there, under any name. ``since``: how many commits ago the newest of ``known`` came.
    """

    name: str
    today: str | None
    known: tuple[Version, ...]
    eras: tuple[Era, ...]
    ciphertexts: Mapping[str, frozenset[bytes]]
    since: int


@dataclass(frozen=True, slots=True)
class Past:
    """``reads``: files that the leaver can open at HEAD. ``order``: every name and blob, with how
    many commits ago it came."""

    files: tuple[FilePast, ...] = ()
    reads: tuple[str, ...] = ()
    order: Mapping[tuple[str, str], int] = field(default_factory=dict)


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
        self._workspace = workspace
        self._git = workspace.repository.command
        self._today = today
        self._keys = keys
        self._shown = shown
        self._reader = Versions()
        self._versions: dict[str, Version] = {}

    def read(self) -> Past:
        order = {
            one: place
            for one, place in every_content(self._git).items()
            if self._may_be_secret(one[0])
        }
        blobs_of: dict[str, list[str]] = {}
        for name, blob in order:
            blobs_of.setdefault(name, []).append(blob)
        named = self._naming(dict.fromkeys(blob for _, blob in order)) | self._shown
        present = [one for one in self._today.secret_files if one in blobs_of]
        lineages = self._lineages(present, named)
        touched = [name for name, blobs in blobs_of.items() if not named.isdisjoint(blobs)]
        owners = self._owners(touched, blobs_of, lineages)
        names = {*touched, *(one for one in lineages)}
        needed = {blob: name for name in names for blob in blobs_of.get(name, ())}
        needed |= {blob: name for name, blobs in lineages.items() for blob in blobs}
        self._load(needed)
        files = [
            past
            for name in sorted(names)
            if (past := self._past(name, owners.get(name), blobs_of, lineages, order))
        ]
        reads = [name for name in lineages if self._reads(name)]
        return Past(tuple(files), tuple(sorted(reads)), order)

    def _may_be_secret(self, name: str) -> bool:
        """A file that sops may have written: only its name is known of one that is gone."""
        return (
            is_under_roots(self._workspace.settings, name)
            or format_of(name) is not Format.BINARY
            or name in self._today.entries
        )

    def _naming(self, blobs: Iterable[str]) -> frozenset[str]:
        """The blobs that name one of the keys."""
        keys = [one.encode() for one in self._keys]
        return frozenset(
            blob
            for blob, content in iterate_contents(self._git, list(blobs))
            if isinstance(content, bytes) and any(one in content for one in keys)
        )

    def _lineages(self, present: Sequence[str], named: frozenset[str]) -> dict[str, list[str]]:
        """The blobs of each file of today that has one of ``named`` in its past, newest first."""
        if not present or self._today.commit is None:
            return {}
        found = earlier_contents(self._git, present, self._today.commit, under=())
        lineages = {}
        for name, blobs in found.items():
            entry = self._today.entry(name)
            first = [entry.id] if entry is not None and entry.is_regular else []
            whole = list(dict.fromkeys([*first, *blobs]))
            whole = [one for one in whole if one.strip("0")]
            if not named.isdisjoint(whole):
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
        for blob, content in iterate_contents(self._git, list(needed)):
            if isinstance(content, bytes):
                self._versions[blob] = self._reader.read(blob, content, format_of(needed[blob]))

    def _past(
        self,
        name: str,
        today: str | None,
        blobs_of: Mapping[str, Sequence[str]],
        lineages: Mapping[str, Sequence[str]],
        order: Mapping[tuple[str, str], int],
    ) -> FilePast | None:
        own = blobs_of.get(name, ())
        line = self._read_of(lineages[today]) if today is not None else []
        every = self._read_of(dict.fromkeys([*(one.blob for one in line), *own]))
        known = {one.blob: one for one in readable(split_eras(every), self._keys)}
        known |= {one.blob: one for one in every if one.blob in self._shown}
        mine = tuple(known[blob] for blob in own if blob in known)
        if not mine:
            return None
        ciphertexts: dict[str, set[bytes]] = {}
        for version in known.values():
            for path, token in version.values.items():
                ciphertexts.setdefault(path, set()).add(token)
        frozen = {path: frozenset(tokens) for path, tokens in ciphertexts.items()}
        since = min(order[name, one.blob] for one in mine)
        return FilePast(name, today, mine, tuple(split_eras(line)), frozen, since)

    def _read_of(self, blobs: Iterable[str]) -> list[Version]:
        return [self._versions[one] for one in blobs if one in self._versions]

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


ADVICE: Final = {
    "partial-past": "run it in a clone that is whole; `git fetch --unshallow` completes one",
}
