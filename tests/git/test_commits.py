"""A commit made beside the branch: what is in it, who signs it, and moving to it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError, FailedError
from plana_secrets.git.commits import build_commit, move_head, refresh_index
from plana_secrets.git.repository import Repository
from tests.world import World


@pytest.fixture
def first(git_world: World) -> str:
    for name in ("a", "b"):
        (git_world.repo / name).write_text("x\n")
    return git_world.commit("first")


def build(repository: Repository, parent: str | None, **files: bytes | None) -> str:
    return build_commit(repository.command, files, "a message", parent=parent)


def test_building_changes_neither_branch_nor_index_nor_file(
    git_world: World, repository: Repository, first: str
) -> None:
    (git_world.repo / "b").write_text("staged\n")
    git_world.git("add", "b")
    before = git_world.git("status", "--porcelain=v2", "--branch")
    commit = build(repository, first, a=b"y\n", c=b"new\n")
    assert git_world.git("status", "--porcelain=v2", "--branch") == before
    assert repository.read_blobs(commit, ["a", "b", "c"]) == {
        "a": b"y\n", "b": b"x\n", "c": b"new\n",
    }  # fmt: skip
    assert git_world.git("log", "-1", "--format=%P %B", commit).split("\n")[0] == (
        f"{first} a message"
    )


def test_a_file_is_removed_and_the_first_commit_has_no_parent(
    git_world: World, repository: Repository, first: str
) -> None:
    assert sorted(repository.list_entries(build(repository, first, a=None))) == [".sops.yaml", "b"]
    alone = build(repository, None, a=b"y\n")
    assert sorted(repository.list_entries(alone)) == ["a"]
    assert git_world.git("log", "--format=%P", alone).strip() == ""


def test_an_executable_file_stays_one_and_a_new_one_is_none(
    git_world: World, repository: Repository, first: str
) -> None:
    (git_world.repo / "a").chmod(0o755)
    parent = git_world.commit("executable")
    entries = repository.list_entries(build(repository, parent, a=b"y\n", b=b"y\n", c=b"y\n"))
    assert [entries[name].mode for name in "abc"] == ["100755", "100644", "100644"]


def test_the_branch_moves_only_from_where_it_was_expected(
    git_world: World, repository: Repository, first: str
) -> None:
    ours = build(repository, first, a=b"ours\n")
    git_world.git("commit", "-q", "--allow-empty", "-m", "theirs")
    theirs = repository.head()
    with pytest.raises(ConflictError) as caught:
        move_head(repository.command, ours, expected=first)
    assert caught.value.kind == "branch-moved"
    assert repository.head() == theirs


def test_a_branch_that_another_git_holds_is_locked_and_has_not_moved(
    git_world: World, repository: Repository, first: str
) -> None:
    (git_world.repo / ".git/refs/heads/main.lock").touch()
    with pytest.raises(FailedError) as caught:
        move_head(repository.command, build(repository, first, a=b"y\n"), expected=first)
    assert caught.value.kind == "git-locked"


def test_a_first_commit_is_not_put_over_another_one(
    git_world: World, repository: Repository, first: str
) -> None:
    with pytest.raises(ConflictError):
        move_head(repository.command, build(repository, None, a=b"y\n"), expected=None)
    assert repository.head() == first


def test_what_a_hook_adds_is_not_in_the_commit(
    git_world: World, repository: Repository, first: str
) -> None:
    hook = git_world.repo / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch by-hook\ngit add by-hook a\n")
    hook.chmod(0o755)
    commit = build(repository, first, a=b"y\n")
    assert (git_world.repo / "by-hook").exists()
    assert repository.read_blobs(commit, ["a", "by-hook"]) == {"a": b"y\n", "by-hook": None}


def test_the_index_follows_without_the_filters_of_other_files(
    git_world: World, repository: Repository, first: str
) -> None:
    (git_world.repo / ".gitattributes").write_text("* filter=crypt\n")
    (git_world.repo / "gone").write_text("x\n")
    parent = git_world.commit("attributes")
    for key in ("clean", "smudge", "required"):
        git_world.git("config", f"filter.crypt.{key}", "true" if key == "required" else "false")
    (git_world.repo / "b").touch()
    commit = build(repository, parent, a=b"y\n", c=b"new\n", gone=None)
    refresh_index(repository.command, commit, ["a", "c", "gone"])
    assert git_world.git("diff-index", "--cached", "--name-only", commit) == ""


def test_an_index_that_another_git_holds_is_said(
    git_world: World, repository: Repository, first: str
) -> None:
    (git_world.repo / ".git/index.lock").touch()
    with pytest.raises(FailedError) as caught:
        refresh_index(repository.command, first, ["a"])
    assert caught.value.kind == "git-locked"


@pytest.fixture
def signing_key(git_world: World) -> Path:
    key = git_world.folder / "signing"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(command, check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", f"{key}.pub")):
        git_world.git("config", name, value)
    return key


def test_a_commit_is_signed_where_the_person_signs(
    git_world: World, repository: Repository, first: str, signing_key: Path
) -> None:
    plain = build(repository, first, a=b"y\n")
    assert "gpgsig" not in git_world.git("cat-file", "commit", plain)
    git_world.git("config", "commit.gpgSign", "true")
    signed = build(repository, first, a=b"y\n")
    assert "BEGIN SSH SIGNATURE" in git_world.git("cat-file", "commit", signed)


def test_a_commit_that_cannot_be_signed_is_not_made(
    git_world: World, repository: Repository, first: str, signing_key: Path
) -> None:
    git_world.git("config", "commit.gpgSign", "true")
    signing_key.unlink()
    with pytest.raises(FailedError) as caught:
        build(repository, first, a=b"y\n")
    assert caught.value.kind in {"git-unsigned", "git-failed"}


CLEAN_UP = """\
#!/bin/sh
unset GIT_INDEX_FILE
git reflog expire --expire=now --all
git gc -q --prune=now
"""


@pytest.mark.parametrize("hook", ["pre-commit", "commit-msg"])
def test_a_git_that_cleans_up_meanwhile_is_said(
    git_world: World, repository: Repository, first: str, hook: str
) -> None:
    """What is on no branch yet is garbage to `git gc --prune=now`."""
    place = git_world.repo / ".git/hooks" / hook
    place.parent.mkdir(exist_ok=True)
    place.write_text(CLEAN_UP)
    place.chmod(0o755)
    with pytest.raises(FailedError) as caught:
        build(repository, first, a=b"y\n")
    assert caught.value.kind == "git-pruned"


def test_a_commit_that_is_gone_is_neither_pushed_nor_moved_to(
    git_world: World, repository: Repository, first: str
) -> None:
    server = git_world.folder / "server.git"
    git_world.git("init", "-q", "--bare", str(server))
    git_world.git("remote", "add", "origin", str(server))
    commit = build(repository, first, a=b"y\n")
    git_world.git("gc", "-q", "--prune=now")
    for act in (
        lambda: repository.push(commit, branch="main"),
        lambda: move_head(repository.command, commit, expected=first),
    ):
        with pytest.raises(FailedError) as caught:
            act()
        assert caught.value.kind == "git-pruned"
    assert repository.head() == first
