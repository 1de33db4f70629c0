"""Keysets and targets without sops: a file is a name for a content that is known here."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from types import SimpleNamespace

from plana_secrets.errors import FailedError
from plana_secrets.paths import format_path
from plana_secrets.rotation.ground import Rotation
from plana_secrets.rotation.history import KeysetHistory
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.writing.stage import StagedFile
from plana_secrets.sops.model import LeafType
from plana_secrets.storage import digest_of

WORK = "work of a person"
"""The message of a commit that is of no rotation."""


class Registry:
    """Which keyset a keyset file means. A new name for every writing, as for a ciphertext."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self.keysets: dict[bytes, Keyset] = {}

    def add(self, keyset: Keyset) -> bytes:
        content = f"keyset {next(self._numbers)}\n".encode()
        self.keysets[content] = keyset
        return content


class History(KeysetHistory):
    """No commits: that no key comes back has to follow from the moves alone."""

    keysets = ()
    is_partial = False


class SimulatedStore(KeysetStore):
    """The real store over files of a registry."""

    @property
    def _registry(self) -> Registry:
        return self.workspace.registry

    @property
    def history(self) -> History:
        return History(self.workspace.repository, ())

    def _read(self, file: str) -> bytes | None:
        return self.workspace.read(file, self.commit)

    def exists(self, name: str) -> bool:
        return self.content(self.file(name)) is not None

    def load(self, name: str) -> Keyset:
        content = self.content(self.file(name))
        if content is None:
            raise FailedError("no file", kind="not-initialised", name=name)
        return self._registry.keysets[content]

    def _leaves(self, file: str) -> dict[str, str]:
        return json.loads(self.content(file) or b"{}")

    def _find(self, reference):
        text = self._leaves(reference.file).get(format_path(reference.path))
        return (
            None
            if text is None
            else (SimpleNamespace(type=LeafType.STR).type, Secret(text.encode()))
        )

    def secret_files(self) -> tuple[str, ...]:
        return ()

    def _is_base64(self, reference) -> bool:
        return False

    def _stage(
        self, before: Keyset | None, after: Keyset, leaves: Iterable
    ) -> tuple[StagedFile, ...]:
        changed: dict[str, dict[str, str]] = {}
        for leaf in self.differences(leaves):
            content = changed.setdefault(
                leaf.reference.file, dict(self._leaves(leaf.reference.file))
            )
            path = format_path(leaf.reference.path)
            content.pop(path, None)
            if leaf.value is not None:
                content[path] = leaf.value.reveal_text()
        files = {file: json.dumps(content).encode() for file, content in changed.items()}
        own = self.file(after.name)
        files[own] = self.content(own) if before == after else self._registry.add(after)
        return tuple(self._staged(file, content) for file, content in sorted(files.items()))

    def _staged(self, file: str, content: bytes | None) -> StagedFile:
        old = self.content(file)
        return StagedFile(file, None if old is None else digest_of(old), content)


class SimulatedRotation(Rotation):
    """The real ground but for what needs a SOPS document or an identity."""

    def store(self, commit: str | None = None) -> SimulatedStore:
        return SimulatedStore(self.workspace, self.policies, commit)

    def first_foreign(self, base: str | None, head: str) -> str | None:
        found = self.workspace.commits(head, without=base)
        return next((commit for commit, message, _ in found if message.startswith(WORK)), None)

    def newest_move(self, now: datetime) -> tuple[str, datetime] | None:
        head = self.workspace.repository.head()
        found: Sequence = self.workspace.commits(head) if head else ()
        moves = ((words, date) for _, words, date in found if words.startswith("Rotate"))
        return next(((words.split(" ")[1], date) for words, date in moves), None)

    def shapes(self) -> Iterator[Keyset]:
        store = self.store()
        yield from (store.load(one.name) for one in self.policies if store.exists(one.name))
