"""What the index says of a file on the disk: only what reading it would say, too."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.git.changes import is_clean
from plana_secrets.git.indexstat import as_recorded
from plana_secrets.git.repository import Repository
from tests.git.conftest import changed_files
from tests.world import World

FILE = "d/тайна one.yaml"
LONG_AGO = 1_700_000_000_000_000_000


@pytest.fixture
def path(git_world: World) -> Path:
    """Committed, and older than the index."""
    found = git_world.repo / FILE
    found.parent.mkdir()
    for name in (FILE, "other"):
        (git_world.repo / name).write_bytes(b"one\n")
        os.utime(git_world.repo / name, ns=(LONG_AGO, LONG_AGO))
    git_world.commit()
    return found


def test_files_that_nobody_touched_are_known(path: Path, repository: Repository) -> None:
    assert {FILE, "other"} <= set(as_recorded(repository))
    assert list(as_recorded(repository, ["d"])) == [FILE]


def test_a_clean_work_tree_is_known_until_there_is_another_file(
    path: Path, git_world: World, repository: Repository
) -> None:
    head = repository.head() or ""
    assert is_clean(repository, head)
    beside = path.with_name("beside")
    beside.write_bytes(b"")
    assert not is_clean(repository, head)
    (repository.git_dir / "info/exclude").write_text("beside\n")
    assert is_clean(repository, head)
    git_world.git("add", "--force", "--intent-to-add", "d/beside")
    assert not is_clean(repository, head)


def test_a_record_that_is_not_understood_is_not_taken_for_clean(
    path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another git might write them in another way."""
    assert path.exists()
    monkeypatch.setattr("plana_secrets.git.indexstat._RECORD", re.compile(rb"(never)\0()"))
    assert not is_clean(repository, repository.head() or "")


def rewrite(path: Path) -> None:
    path.write_bytes(b"two\n")
    os.utime(path, ns=(LONG_AGO, LONG_AGO))


def replace(path: Path) -> None:
    beside = path.with_name("beside")
    rewrite(beside)
    beside.rename(path)


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("one")


CHANGES: dict[str, Callable[[Path], object]] = {
    "the same size and time": rewrite,
    "another file of the same size and time": replace,
    "another size": lambda path: path.write_bytes(b"one and more\n"),
    "gone": Path.unlink,
    "a link": link,
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_file_that_changed_is_not_known(path: Path, repository: Repository, name: str) -> None:
    CHANGES[name](path)
    assert not is_clean(repository, repository.head() or "")
    assert FILE not in set(as_recorded(repository))
    expected = "removed" if name == "gone" else "changed"
    assert changed_files(repository, under=["d"])[FILE] == expected


def test_a_file_as_young_as_the_index_is_not_known(
    path: Path, git_world: World, repository: Repository
) -> None:
    """It may have changed again in the same tick of the clock."""
    path.write_bytes(b"two\n")
    git_world.git("add", ".")
    young = time.time_ns() + 10**9
    os.utime(path, ns=(young, young))
    git_world.git("update-index", "--refresh")
    os.utime(repository.git_dir / "index", ns=(young, young))
    assert FILE not in set(as_recorded(repository))


def test_what_the_index_has_anew_still_differs_from_the_commit(
    path: Path, git_world: World, repository: Repository
) -> None:
    path.write_bytes(b"two and more\n")
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    git_world.git("add", ".")
    assert FILE in set(as_recorded(repository))
    assert changed_files(repository, under=["d"]) == {FILE: "changed"}


def test_without_an_index_nothing_is_known(path: Path, repository: Repository) -> None:
    assert path.exists()
    (repository.git_dir / "index").unlink()
    assert list(as_recorded(repository)) == []
