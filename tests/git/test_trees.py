"""The same questions to the work tree, the index and a commit, and what differs between them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.git.changes import changes
from plana_secrets.git.repository import Repository
from plana_secrets.git.trees import CommitTree, IndexTree, Tree, WorkTree
from tests.git.conftest import changed_files
from tests.world import World


def write(world: World, file: str, content: bytes = b"x\n") -> Path:
    path = world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def places(repository: Repository) -> dict[str, Tree]:
    commit = CommitTree(repository, repository.head())
    return {"disk": WorkTree(repository), "index": IndexTree(repository), "commit": commit}


@pytest.fixture
def three(git_world: World, repository: Repository) -> dict[str, Tree]:
    """A file of which each place has another version, and one that each has alone."""
    write(git_world, "d/a", b"committed\n")
    write(git_world, "d/only-commit")
    git_world.commit()
    write(git_world, "d/a", b"staged\n")
    write(git_world, "d/only-index")
    git_world.git("rm", "-q", "--cached", "d/only-commit")
    git_world.git("add", "d/a", "d/only-index")
    write(git_world, "d/a", b"on the disk\n")
    write(git_world, "d/only-disk")
    for gone in ("commit", "index"):
        (git_world.repo / f"d/only-{gone}").unlink()
    return places(repository)


def test_each_place_has_its_own_files_and_bytes(three: dict[str, Tree]) -> None:
    assert {name: set(tree.listing(["d"]).entries) for name, tree in three.items()} == {
        name: {"d/a", f"d/only-{name}"} for name in three
    }
    assert {name: tree.read("d/a") for name, tree in three.items()} == {
        "disk": b"on the disk\n", "index": b"staged\n", "commit": b"committed\n",
    }  # fmt: skip
    for tree in three.values():
        with pytest.raises(MissingFileError):
            tree.read("d/none")


def test_what_differs_between_places(three: dict[str, Tree]) -> None:
    assert changes(three["commit"], three["disk"], under=["d"]) == {
        "d/a": "changed", "d/only-commit": "removed", "d/only-disk": "added",
    }  # fmt: skip
    assert changes(three["commit"], three["index"], under=["d"]) == {
        "d/a": "changed", "d/only-commit": "removed", "d/only-index": "added",
    }  # fmt: skip
    assert changes(three["index"], three["index"]) == {}


def test_no_commit_has_no_files(git_world: World, repository: Repository) -> None:
    write(git_world, "a")
    nothing = CommitTree(repository, None)
    assert nothing.listing().entries == {}
    assert changes(nothing, WorkTree(repository)) == {".sops.yaml": "added", "a": "added"}


@pytest.mark.parametrize("place", ["disk", "index", "commit"])
def test_only_a_regular_file_has_content(
    git_world: World, repository: Repository, place: str
) -> None:
    write(git_world, "d/a")
    (git_world.repo / "d/link").symlink_to("a")
    git_world.git("init", "-q", "sub")
    git_world.git("-C", "sub", "commit", "-q", "--allow-empty", "-m", "x")
    git_world.git("-c", "advice.addEmbeddedRepo=false", "add", "sub")
    git_world.commit()
    tree = places(repository)[place]
    entries = tree.listing().entries
    assert entries["d/link"].is_link
    assert entries["sub"].is_folder
    found = dict(tree.contents(["d/a", "d/link", "sub"]))
    assert found["d/a"] == b"x\n"
    assert [found[name].kind for name in ("d/link", "sub")] == ["symlink", "not-a-regular-file"]
    assert changed_files(repository) == {}


def test_content_is_read_up_to_a_limit(git_world: World, repository: Repository) -> None:
    write(git_world, "a", b"x" * 100)
    git_world.commit()
    for tree in places(repository).values():
        with pytest.raises(FailedError) as caught:
            tree.read("a", limit=99)
        assert caught.value.kind == "too-large"
        assert tree.read("a", limit=100) == b"x" * 100


def test_one_git_reads_all_blobs(
    git_world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [f"d/{number}" for number in range(400)]
    for file in files:
        write(git_world, file, file.encode())
    git_world.commit()
    calls: list[str] = []
    run = subprocess.run

    def count(argv, *rest, **options):
        calls.append(" ".join(argv[-2:]))
        return run(argv, *rest, **options)

    monkeypatch.setattr(subprocess, "run", count)
    tree = CommitTree(repository, "HEAD")
    assert dict(tree.contents(files)) == {file: file.encode() for file in files}
    assert [call for call in calls if "cat-file" in call] == [
        "cat-file --batch-check", "cat-file --batch",
    ]  # fmt: skip


def test_a_file_of_a_merge_conflict_has_no_content_in_the_index(
    git_world: World, repository: Repository
) -> None:
    write(git_world, "a", b"base\n")
    git_world.commit()
    git_world.git("checkout", "-q", "-b", "side")
    write(git_world, "a", b"side\n")
    git_world.commit()
    git_world.git("checkout", "-q", "main")
    write(git_world, "a", b"main\n")
    git_world.commit()
    git_world.command("git", "merge", "side", check=False)
    with pytest.raises(FailedError) as caught:
        IndexTree(repository).read("a")
    assert caught.value.kind == "unmerged"
    assert changes(IndexTree(repository), WorkTree(repository)) == {"a": "changed"}


def test_what_is_only_announced_is_not_in_the_index(
    git_world: World, repository: Repository
) -> None:
    write(git_world, "empty", b"")
    git_world.git("add", "empty")
    write(git_world, "announced")
    git_world.git("add", "--intent-to-add", "announced")
    assert set(IndexTree(repository).listing(["empty", "announced"]).entries) == {"empty"}
    assert "announced" in WorkTree(repository).listing().entries


@pytest.mark.parametrize("many", [3, 300])
def test_one_git_tells_what_of_many_empty_files_is_only_announced(
    git_world: World, repository: Repository, started: list[list[str]], many: int
) -> None:
    """Whatever their names are, and how many."""
    names = [f"d/  {number}\nflags: 20000000\n" for number in range(many)]
    for name in names:
        write(git_world, name, b"")
    git_world.git("add", "d")
    write(git_world, "d/a: b\n")
    git_world.git("add", "--intent-to-add", "d/a: b\n")
    started.clear()
    entries = IndexTree(repository).listing(["d"]).entries
    assert set(entries) == set(names)
    assert len(started) == 2


def test_the_work_tree_knows_what_is_untracked(git_world: World, repository: Repository) -> None:
    write(git_world, ".gitignore", b"ignored\n")
    write(git_world, "tracked")
    git_world.commit()
    write(git_world, "new")
    write(git_world, "ignored")
    listing = WorkTree(repository).listing()
    assert set(listing.entries) - set(listing.staged) == {"new"}
    assert listing.entries["tracked"].mode == "100644"


def test_a_sparse_checkout_leaves_out_and_changes_nothing(
    git_world: World, repository: Repository
) -> None:
    write(git_world, "d/a")
    write(git_world, "d/b")
    git_world.commit()
    git_world.git("sparse-checkout", "set", "--no-cone", "/*", "!/d/b")
    tree = WorkTree(repository)
    assert (set(tree.listing(["d"]).entries), set(tree.listing(["d"]).absent)) == ({"d/a"}, {"d/b"})
    assert changed_files(repository) == {}
    (git_world.repo / "d/a").unlink()
    assert changed_files(repository) == {"d/a": "removed"}
    git_world.git("rm", "-q", "--cached", "--sparse", "d/b")
    assert changed_files(repository) == {"d/a": "removed", "d/b": "removed"}


class TestBytesThatDifferWithoutAChange:
    """git adds nothing in each of these, and so we see no change; a true one is one."""

    @pytest.mark.parametrize(
        ("autocrlf", "attributes"),
        [("true", ""), ("input", ""), ("false", "* text\n"), ("false", "a eol=crlf\n")],
    )
    def test_line_breaks(
        self, git_world: World, repository: Repository, autocrlf: str, attributes: str
    ) -> None:
        write(git_world, ".gitattributes", attributes.encode())
        write(git_world, "a", b"one\ntwo\n")
        git_world.commit()
        git_world.git("config", "core.autocrlf", autocrlf)
        write(git_world, "a", b"one\r\ntwo\r\n")
        git_world.git("add", "a")
        assert git_world.git("status", "--porcelain", "a") == ""
        blob = git_world.git("rev-parse", ":a").strip()
        (git_world.repo / ".git/objects" / blob[:2] / blob[2:]).unlink()  # a partial clone
        assert changed_files(repository, under=["a"]) == {}
        write(git_world, "a", b"one\r\nthree\r\n")
        assert changed_files(repository, under=["a"]) == {"a": "changed"}

    @pytest.mark.parametrize(
        ("autocrlf", "attributes"), [("false", ""), ("true", "a -text\n"), ("true", "a binary\n")]
    )
    def test_line_breaks_that_git_would_store(
        self, git_world: World, repository: Repository, autocrlf: str, attributes: str
    ) -> None:
        write(git_world, ".gitattributes", attributes.encode())
        write(git_world, "a", b"one\ntwo\n")
        git_world.commit()
        git_world.git("config", "core.autocrlf", autocrlf)
        write(git_world, "a", b"one\r\ntwo\r\n")
        assert git_world.git("status", "--porcelain", "a") == " M a\n"
        assert changed_files(repository, under=["a"]) == {"a": "changed"}

    def test_the_content_of_a_pointer(self, git_world: World, repository: Repository) -> None:
        content = b"large\n"
        pointer = (
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{hashlib.sha256(content).hexdigest()}\nsize {len(content)}\n"
        )
        write(git_world, "a", pointer.encode())
        git_world.commit()
        write(git_world, "a", content)
        assert changed_files(repository) == {"a": "changed"}
        write(git_world, ".gitattributes", b"a filter=lfs\n")
        assert changed_files(repository, under=["a"]) == {}
        write(git_world, "a", b"LARGE\n")
        assert changed_files(repository, under=["a"]) == {"a": "changed"}


def test_a_link_or_a_pipe_in_place_of_a_file_is_a_change(
    git_world: World, repository: Repository
) -> None:
    for name in ("a", "b"):
        write(git_world, name)
    git_world.commit()
    for name in ("a", "b"):
        (git_world.repo / name).unlink()
    (git_world.repo / "a").symlink_to("x\n")
    os.mkfifo(git_world.repo / "b")
    assert changed_files(repository) == {"a": "changed", "b": "changed"}


def test_what_cannot_be_read_is_told_apart(
    git_world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(git_world, "d/a")
    git_world.commit()
    write(git_world, "d/b")

    def refuse(path: Path, **_: object) -> bytes:
        raise FailedError("no", kind="unreadable-file")

    monkeypatch.setattr("plana_secrets.git.trees.read_regular_file", refuse)
    head = CommitTree(repository, repository.head())
    assert changes(head, WorkTree(repository), under=["d"]) == {"d/a": "unreadable", "d/b": "added"}


def test_a_folder_in_place_of_a_file_is_a_change_and_a_submodule_is_none(
    git_world: World, repository: Repository
) -> None:
    write(git_world, "a")
    git_world.git("init", "-q", "sub")
    git_world.git("-C", "sub", "commit", "-q", "--allow-empty", "-m", "x")
    git_world.git("-c", "advice.addEmbeddedRepo=false", "add", "sub")
    git_world.commit()
    (git_world.repo / "a").unlink()
    (git_world.repo / "a").mkdir()
    git_world.git("init", "-q", "other")
    git_world.git("-C", "other", "commit", "-q", "--allow-empty", "-m", "x")
    entries = WorkTree(repository).listing().entries
    assert {name for name, entry in entries.items() if entry.is_submodule} == {"sub", "other/"}
    assert entries["a"].is_folder
    assert changed_files(repository) == {"a": "changed"}
