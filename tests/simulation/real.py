"""The same on real git: real clones, real pushes to a bare repository, the real writer."""

from __future__ import annotations

import itertools
import subprocess
from datetime import datetime
from pathlib import Path

from plana_secrets.git.history import list_commits
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.workspace import Workspace
from tests.simulation.contents import Registry, SimulatedRotation


def git(folder: Path, *argv: str, stdin: bytes = b"") -> str:
    command = ["git", "-C", str(folder), "-c", "gc.auto=0", "-c", "user.name=T",
               "-c", "user.email=t@example.test", *argv]  # fmt: skip
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout.decode()


class RealServer:
    """A bare repository in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry()
        self._folder = folder
        self._bare = folder / "remote.git"
        self._numbers = itertools.count()
        self._trees: dict[str, dict[str, bytes]] = {}
        git(folder, "init", "-q", "--bare", "-b", "main", str(self._bare))

    @property
    def tip(self) -> str | None:
        found = subprocess.run(
            ["git", "-C", str(self._bare), "rev-parse", "-q", "--verify", "refs/heads/main"],
            capture_output=True, check=False,
        )  # fmt: skip
        return found.stdout.decode().strip() or None

    def lineage(self, tip: str | None = None) -> list[str]:
        start = tip or self.tip
        return git(self._bare, "rev-list", start).split() if start else []

    def set_back(self, commit: str) -> None:
        git(self._bare, "update-ref", "refs/heads/main", commit)

    def contents(self, commit: str) -> dict[str, bytes]:
        if commit not in self._trees:
            names = git(self._bare, "ls-tree", "-r", "--name-only", commit).split()
            self._trees[commit] = {
                name: git(self._bare, "cat-file", "blob", f"{commit}:{name}").encode()
                for name in names
            }
        return self._trees[commit]

    def clone(self, line) -> RealClone:
        place = self._folder / f"clone-{next(self._numbers)}"
        git(self._folder, "clone", "-q", str(self._bare), str(place))
        return RealClone(Repository.open(place), line, self.registry)


class FlakyRepository(Repository):
    """A repository whose line to the remote is that of the schedule."""

    def fetch(self, *, branch: str) -> str | None:
        return self.line.fetch(lambda: Repository.fetch(self, branch=branch))

    def push(self, commit: str = "HEAD", *, branch: str, lease: str | None = None) -> None:
        self.line.push(lambda: Repository.push(self, commit, branch=branch, lease=lease))


class RealClone(Workspace):
    def __init__(self, repository: Repository, line, registry: Registry) -> None:
        flaky = FlakyRepository(
            repository.root, repository.git_dir, repository.common_dir, repository.object_format
        )
        object.__setattr__(flaky, "line", line)
        super().__init__(
            repository=flaky, settings=FilesSettings(), find_identities=_never, find_sops=_never
        )
        self.registry = registry

    def reset(self) -> None:
        git(self.root, "fetch", "-q", "origin", "+refs/heads/main:refs/remotes/origin/main")
        git(self.root, "reset", "-q", "--hard", "origin/main")

    def read(self, file: str, commit: str | None) -> bytes | None:
        if commit is not None:
            return self.repository.read_blob(commit, file)
        path = self.root / file
        return path.read_bytes() if path.exists() else None

    def commits(self, head: str, without: str | None = None) -> list[tuple[str, str, datetime]]:
        found = list_commits(self.repository.command, head, without=without)
        return [(one.id, one.message, one.date) for one in found]

    def work(self, message: str) -> None:
        (self.root / "README").write_text("x")
        git(self.root, "add", "README")
        git(self.root, "commit", "-q", "--allow-empty", "-m", message)

    def head(self) -> str | None:
        return self.repository.head()

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return self.repository.is_ancestor(ancestor, descendant)


class RealRotation(SimulatedRotation):
    """Everything that a simulated rotation has, on the real lock, journal and writer."""


def _never():
    raise AssertionError("no identity and no sops is needed here")
