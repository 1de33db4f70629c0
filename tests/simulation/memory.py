"""Git in memory: a remote with one branch, and clones. Objects are shared, as if fetched."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from plana_secrets.errors import (
    ConflictError,
    FailedError,
    IncompleteError,
    PlanaSecretsError,
    UnavailableError,
)
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.writing.push import not_arrived, push_and_read_back
from plana_secrets.secretfiles.writing.writer import CommitRequest, StagedFile, WriteResult
from tests.simulation.contents import Registry, SimulatedRotation


@dataclass(frozen=True)
class Commit:
    parent: str | None
    tree: dict[str, bytes]
    message: str
    date: datetime | None


@dataclass
class Server:
    """The repository that readers fetch. ``changed`` is called whenever its branch moved."""

    objects: dict[str, Commit] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)
    tip: str | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def commit(self, commit: Commit) -> str:
        name = f"c{next(self.numbers)}"
        self.objects[name] = commit
        return name

    def lineage(self, tip: str | None = None) -> list[str]:
        """From the tip back to the first commit."""
        found, name = [], tip or self.tip
        while name is not None:
            found.append(name)
            name = self.objects[name].parent
        return found

    def set_back(self, commit: str) -> None:
        self.tip = commit

    def take(self, commit: str, lease: str | None) -> None:
        if lease is not None and (self.tip or "") != lease:
            raise ConflictError("stale", kind="push-conflict")
        if self.tip is not None and self.tip not in self.lineage(commit):
            raise ConflictError("no fast-forward", kind="push-conflict")
        self.tip = commit

    def contents(self, commit: str) -> dict[str, bytes]:
        return self.objects[commit].tree

    def clone(self, line) -> Clone:
        return Clone(self, line)


@dataclass
class Pending:
    commit: str
    files: dict[str, bytes]


class Clone:
    """A work tree, and the part of ``Repository`` that a rotation asks."""

    def __init__(self, server: Server, line) -> None:
        self._server, self._line = server, line
        self.settings = FilesSettings()
        self.root = Path("/nowhere")
        self.registry = server.registry
        self.repository = self
        self.pending: Pending | None = None
        self.reset()

    def reset(self) -> None:
        """``git fetch && git reset --hard``, over a line that works."""
        self._head = self._server.tip
        self.disk = dict(self._server.objects[self._head].tree) if self._head else {}

    def read(self, file: str, commit: str | None) -> bytes | None:
        tree = self.disk if commit is None else self._server.objects[commit].tree
        return tree.get(file)

    def commits(self, head: str, without: str | None = None) -> list[tuple[str, str, datetime]]:
        known = set(self._server.lineage(without)) if without else set()
        names = [name for name in self._server.lineage(head) if name not in known]
        objects = self._server.objects
        return [(name, objects[name].message, objects[name].date) for name in names]

    def work(self, message: str) -> None:
        self._head = self._server.commit(
            Commit(self._head, self.disk | {"README": b"x"}, message, None)
        )

    # -- Repository

    def head(self) -> str | None:
        return self._head

    def branch(self) -> str:
        return "main"

    def remote(self) -> str:
        return "origin"

    def has_remote(self) -> bool:
        return True

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return ancestor in self._server.lineage(descendant)

    def fetch(self, *, branch: str) -> str | None:
        return self._line.fetch(lambda: self._server.tip)

    def push(self, commit: str = "HEAD", *, branch: str, lease: str | None = None) -> None:
        self._line.push(lambda: self._server.take(commit, lease))


class MemoryRotation(SimulatedRotation):
    """Lock, journal and commit, as the writer does them."""

    @contextlib.contextmanager
    def alone(self, operation: str) -> Iterator[None]:
        clone = self.workspace
        if clone.pending is not None:
            try:
                tip = clone.fetch(branch="main")
            except UnavailableError:
                raise IncompleteError("pending", kind="blocked") from None
            if tip and clone.is_ancestor(clone.pending.commit, tip):
                self._put_in_place(clone.pending)
            clone.pending = None
        yield

    def write(
        self, staged: Sequence[StagedFile], operation: str, commit: CommitRequest | None
    ) -> WriteResult:
        clone = self.workspace
        files = {one.file: one.content for one in staged if one.is_change}
        if not files:
            return WriteResult(())
        if commit is None:
            clone.disk |= files
            return WriteResult(tuple(files))
        if commit.base != clone.head():
            raise ConflictError("moved", kind="branch-moved")
        tree = clone._server.objects[clone.head()].tree
        if any(clone.disk.get(file) != tree.get(file) for file in files):
            raise FailedError("uncommitted", kind="uncommitted-changes")
        made = clone._server.commit(
            Commit(clone.head(), tree | files, commit.message, commit.moment)
        )
        clone.pending = Pending(made, files)
        arrived = self._push(made, commit) if commit.push else None
        self._put_in_place(clone.pending)
        clone.pending = None
        return WriteResult(tuple(files), made, arrived)

    def squash(self, head: str, message: str, *, parent: str) -> str:
        clone = self.workspace
        tree = clone._server.objects[head].tree
        clone._head = clone._server.commit(Commit(parent, tree, message, self.clock()))
        return clone._head

    def _push(self, made: str, commit: CommitRequest) -> bool | None:
        clone = self.workspace
        try:
            arrived = push_and_read_back(clone, made, branch="main", lease=commit.lease)
        except IncompleteError:
            raise
        except PlanaSecretsError:
            clone.pending = None
            raise
        if arrived is False and not commit.keep:
            clone.pending = None
            raise not_arrived("main", seen=False, kept=False)
        return arrived

    def _put_in_place(self, pending: Pending) -> None:
        self.workspace.disk |= pending.files
        self.workspace._head = pending.commit
