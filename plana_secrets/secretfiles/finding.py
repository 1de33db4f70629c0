"""Where a value is: in the files of today, and in every version that git has. By the value itself.

One content after the other is opened and forgotten, so a long history takes time, not memory.
What is found is told by its place; the value is in nothing that comes out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from plana_secrets.errors import FailedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.lineage import every_content
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.ciphertexts import Openers, Version, Versions, open_ciphertext
from plana_secrets.secretfiles.discovery import SOPS_MARK
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of

How = Literal["value", "part", "plaintext"]

_SHORTEST_PART = 6
"""Bytes from which on a value is looked for inside of others: shorter ones are everywhere."""


@dataclass(frozen=True, slots=True)
class Place:
    """``path`` None: the file has it in plaintext. ``how``: it is the value, or a part of it.
    ``service``: of a Secret manifest, its name."""

    file: str
    path: str | None
    how: How
    service: str | None = None


@dataclass(slots=True)
class Found:
    """``today``: in the work tree. ``past``: place -> the blobs that have it. ``locked``: how
    many contents no identity here opens, or are too large to look into."""

    today: list[Place] = field(default_factory=list)
    past: dict[Place, list[str]] = field(default_factory=dict)
    searched: int = 0
    locked: int = 0


def find_value(workspace: Workspace, value: Secret) -> Found:
    """
    Raises:
        FailedError: git has not all of the history (kind ``git-missing-object``).
    """
    return _Search(workspace, value.reveal()).run()


class _Search:
    def __init__(self, workspace: Workspace, value: bytes) -> None:
        self._workspace = workspace
        self._openers = Openers(workspace.identities)
        self._reader = Versions()
        # `echo` ends it with a newline; a Secret manifest has it in base64 under `data`
        spelled = (value, value + b"\n")
        self._needles = (*spelled, *map(base64.b64encode, spelled))
        self._found = Found()

    def run(self) -> Found:
        snapshot = work_tree(self._workspace)
        entries = snapshot.tree.listing().entries
        files = [name for name, entry in entries.items() if entry.is_regular]
        for file, content in snapshot.contents(files):
            self._found.today += self._places([file], content)
        if self._workspace.repository.head() is not None:
            self._search_past()
        return self._found

    def _search_past(self) -> None:
        git = self._workspace.repository.command
        names: dict[str, list[str]] = {}
        for name, blob in every_content(git):
            names.setdefault(blob, []).append(name)
        for blob, content in iterate_contents(git, list(names)):
            for place in self._places(names[blob], content):
                self._found.past.setdefault(place, []).append(blob)

    def _places(self, files: list[str], content: bytes | FailedError) -> Iterator[Place]:
        if not isinstance(content, bytes):
            self._found.locked += 1
            return
        self._found.searched += 1
        hits: list[tuple[str | None, How]] = []
        service = None
        if self._is_in(content):
            hits.append((None, "plaintext"))
        if SOPS_MARK.encode() in content:
            version = self._reader.read("", content, format_of(files[0]))
            service = version.service
            hits += self._values(version)
        for file in files:
            yield from (Place(file, path, how, service) for path, how in hits)

    def _values(self, version: Version) -> Iterable[tuple[str, How]]:
        opener = self._openers.of(version)
        if opener is None:
            self._found.locked += 1
            return
        for path, ciphertext in version.values.items():
            value = open_ciphertext(opener, ciphertext, path)
            if value is None:
                continue
            if value in self._needles:
                yield path, "value"
            elif self._is_in(value):
                yield path, "part"

    def _is_in(self, content: bytes) -> bool:
        return any(len(one) >= _SHORTEST_PART and one in content for one in self._needles)
