"""A repository to look at, opened through the door under test."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from plana_secrets.git import commits
from plana_secrets.git.changes import changes, is_clean
from plana_secrets.git.repository import Repository
from plana_secrets.git.trees import CommitTree, WorkTree
from tests.world import World


@pytest.fixture
def git_world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose environment is also ours, since git is started from this process."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def repository(git_world: World) -> Repository:
    return Repository.open(git_world.repo)


def changed_files(repository: Repository, *, under: Sequence[str] = ()) -> dict[str, str]:
    """The files of the work tree that differ from HEAD, whichever way they are looked for."""
    head = CommitTree(repository, repository.head())
    found = changes(head, WorkTree(repository), under=under)
    assert changes(head, WorkTree(repository), under=under, by_stat=True) == found
    assert not (found and is_clean(repository, head.commit or ""))
    return found


def commit_files(repository: Repository, files: Sequence[str], message: str) -> str:
    """Commit the present content of ``files`` by the steps of a change; the commit's id."""
    parent = repository.head()
    paths = {file: repository.root / file for file in files}
    contents = {file: path.read_bytes() if path.exists() else None for file, path in paths.items()}
    commit = commits.build_commit(repository.command, contents, message, parent=parent)
    commits.move_head(repository.command, commit, expected=parent)
    commits.refresh_index(repository.command, commit, files)
    return commit
