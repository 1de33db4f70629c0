"""Whether the keys of a keyset that a leaver could read are out of use: by its moves alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from plana_secrets.errors import MalformedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.lineage import commits_of
from plana_secrets.git.ranges import ids_at
from plana_secrets.offboarding.past import FilePast, Past
from plana_secrets.rotation.keyset import IN_USE, Keyset, Status
from plana_secrets.rotation.keysetfile import file_of, read_keyset_shape
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.reading.reader import read_structure


@dataclass(frozen=True, slots=True)
class Retired:
    """``done``: no service accepts a key that was readable. ``why``: in a few words."""

    done: bool
    why: str


class KeysetPast:
    """The keysets of ``today``, the commit at HEAD, and which keys they had when."""

    def __init__(self, today: Snapshot, past: Past, folder: str) -> None:
        self._today = today
        self._past = past
        self._folder = folder
        self._now: dict[str, Keyset | None] = {}
        self._contents: dict[str, Keyset | None] = {}
        self._former: dict[tuple[str, str], list[Keyset | None]] = {}

    def look(self, name: str, file: FilePast) -> Retired | None:
        """Of the keys that ``name`` had in each commit that gave ``file`` a content that the
        leaver could read; None where a keyset file does not say."""
        today = self._read(name)
        then = [one for one in self._then(name, file) if one is not None]
        if today is None or not then:
            return None
        statuses = {key.kid: key.status for key in today.keys}
        used = (key.kid for one in then for key in one.keys if key.status in IN_USE)
        known = list(dict.fromkeys(used))
        left = [kid for kid in known if statuses.get(kid, Status.ACTIVE) in IN_USE]
        if left:
            return Retired(False, f"key {left[0]} is {statuses.get(left[0], 'missing')}")
        return Retired(True, f"out of use: {', '.join(known)}" if known else "no key was in use")

    def is_older(self, name: str, file: FilePast) -> bool:
        """Whether the leaver could read a content from before there was the keyset."""
        return None in self._then(name, file)

    def look_at_key(self, name: str, kid: str) -> Retired | None:
        """Of one key; None where the file of today does not say."""
        today = self._read(name)
        found = next((key for key in today.keys if key.kid == kid), None) if today else None
        if found is None:
            return None
        return Retired(found.status not in IN_USE, f"key {kid} is {found.status}")

    def _read(self, name: str) -> Keyset | None:
        if name not in self._now:
            file = file_of(self._folder, name)
            content = dict(self._today.contents([file])).get(file)
            self._now[name] = _keyset(content, file)
        return self._now[name]

    @cached_property
    def _commits(self) -> Mapping[tuple[str, str], list[str]]:
        blobs = {one.blob for file in self._past.files for one in file.known}
        return commits_of(self._today.workspace.repository.command, blobs)

    def _then(self, name: str, past: FilePast) -> list[Keyset | None]:
        """The keyset as each of those commits has it."""
        place = name, past.name
        if place not in self._former:
            self._former[place] = self._find_then(name, past)
        return self._former[place]

    def _find_then(self, name: str, past: FilePast) -> list[Keyset | None]:
        file, repository = file_of(self._folder, name), self._today.workspace.repository
        places = ((past.name, one.blob) for one in past.known)
        commits = list(dict.fromkeys(one for place in places for one in self._commits[place]))
        ids = ids_at(repository, commits, [file])
        blobs = [next((blob for _, blob in ids[commit]), None) for commit in commits]
        new = {one for one in blobs if one is not None and one not in self._contents}
        for blob, content in iterate_contents(repository.command, sorted(new)):
            self._contents[blob] = _keyset(content, file)
        return [self._contents[one] if one is not None else None for one in dict.fromkeys(blobs)]


def _keyset(content: object, file: str) -> Keyset | None:
    if not isinstance(content, bytes):
        return None
    try:
        return read_keyset_shape(read_structure(content), file)
    except MalformedError:
        return None
