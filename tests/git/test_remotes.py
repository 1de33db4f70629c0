"""Fetch and push against a real remote: forward only, and every refusal by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError, FailedError, UnavailableError, UsageError
from plana_secrets.git.refusals import refused_push
from plana_secrets.git.repository import Repository
from plana_secrets.process import Completed
from tests.git.conftest import commit_files
from tests.world import World


@pytest.fixture
def remote(git_world: World) -> Path:
    bare = git_world.folder / "remote.git"
    git_world.git("init", "-q", "--bare", "-b", "main", str(bare))
    (git_world.repo / "a").write_text("x\n")
    git_world.commit("first")
    git_world.git("remote", "add", "origin", str(bare))
    git_world.git("push", "-q", "-u", "origin", "main")
    git_world.git("remote", "set-head", "origin", "main")
    return bare


def advance_remote(world: World, remote: Path) -> str:
    """Somebody else pushes a commit."""
    clone = world.folder / "clone"
    world.git("clone", "-q", str(remote), str(clone))
    world.git("-C", str(clone), "commit", "-q", "--allow-empty", "-m", "theirs")
    world.git("-C", str(clone), "push", "-q")
    return world.git("-C", str(clone), "rev-parse", "HEAD").strip()


def test_the_default_branch_is_the_remotes(
    git_world: World, remote: Path, repository: Repository
) -> None:
    git_world.git("checkout", "-q", "-b", "feature")
    assert repository.remote() == "origin"
    assert repository.default_branch() == "main"


def test_the_default_branch_is_what_the_remote_says_whatever_its_name(
    git_world: World, remote: Path, repository: Repository
) -> None:
    git_world.git("push", "-q", "origin", "main:trunk")
    git_world.git("remote", "set-head", "origin", "trunk")
    assert repository.default_branch() == "trunk"


@pytest.mark.parametrize(("theirs", "expected"), [("main", "main"), ("master", "master")])
def test_of_a_remote_that_says_nothing_the_usual_name_is_taken(
    git_world: World, remote: Path, repository: Repository, theirs: str, expected: str
) -> None:
    git_world.git("remote", "set-head", "origin", "-d")
    git_world.git("push", "-q", "origin", f"main:{theirs}")
    if theirs != "main":
        git_world.git("update-ref", "-d", "refs/remotes/origin/main")
    git_world.git("checkout", "-q", "-b", "feature")
    assert repository.default_branch() == expected


def test_a_remote_without_a_usual_name_leaves_the_branch_that_is_checked_out(
    git_world: World, remote: Path, repository: Repository
) -> None:
    git_world.git("remote", "set-head", "origin", "-d")
    git_world.git("-C", str(remote), "symbolic-ref", "HEAD", "refs/heads/other")
    git_world.git("push", "-q", "origin", ":main")
    git_world.git("checkout", "-q", "-b", "feature")
    assert repository.default_branch() == "feature"


def test_a_commit_is_pushed_and_fetched(
    git_world: World, remote: Path, repository: Repository
) -> None:
    (git_world.repo / "a").write_text("y\n")
    commit = commit_files(repository, ["a"], "second")
    repository.push(branch="main")
    assert git_world.git("-C", str(remote), "rev-parse", "main").strip() == commit
    assert repository.fetch(branch="main") == commit
    assert repository.fetch(branch="no-such-branch") is None


def test_to_a_remote_that_mirrors_one_branch_is_pushed(
    git_world: World, remote: Path, repository: Repository
) -> None:
    git_world.git("config", "remote.origin.mirror", "true")
    git_world.git("branch", "work-of-a-person")
    (git_world.repo / "a").write_text("y\n")
    commit = commit_files(repository, ["a"], "second")
    repository.push(branch="main")
    branches = git_world.git("-C", str(remote), "branch", "--format=%(objectname) %(refname)")
    assert branches == f"{commit} refs/heads/main\n"


def test_a_branch_that_others_moved_is_a_conflict(
    git_world: World, remote: Path, repository: Repository
) -> None:
    theirs = advance_remote(git_world, remote)
    (git_world.repo / "a").write_text("y\n")
    commit_files(repository, ["a"], "ours")
    with pytest.raises(ConflictError) as caught:
        repository.push(branch="main")
    assert caught.value.kind == "push-conflict"
    assert git_world.git("-C", str(remote), "rev-parse", "main").strip() == theirs


def test_a_branch_that_was_set_back_is_not_where_the_lease_says(
    git_world: World, remote: Path, repository: Repository
) -> None:
    """It could be moved forward again, over what was taken from it."""
    base = git_world.git("rev-parse", "HEAD").strip()
    (git_world.repo / "a").write_text("y\n")
    commit = commit_files(repository, ["a"], "ours")
    for lease in ("", "0" * 39 + "1"):
        with pytest.raises(ConflictError) as caught:
            repository.push(branch="main", lease=lease)
        assert caught.value.kind == "push-conflict"
    assert git_world.git("-C", str(remote), "rev-parse", "main").strip() == base
    repository.push(branch="main", lease=base)
    assert git_world.git("-C", str(remote), "rev-parse", "main").strip() == commit


def test_a_hook_of_the_server_that_refuses_is_no_conflict(
    git_world: World, remote: Path, repository: Repository
) -> None:
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho value-in-a-hook >&2\nexit 1\n")
    hook.chmod(0o755)
    (git_world.repo / "a").write_text("y\n")
    commit_files(repository, ["a"], "ours")
    with pytest.raises(FailedError) as caught:
        repository.push(branch="main")
    assert caught.value.kind == "push-refused"
    assert "value-in-a-hook" not in str(caught.value)


PROTECTED = {
    "GitHub": "remote: error: GH006: Protected branch update failed for refs/heads/main.",
    "GitHub rules": "- Changes must be made through a pull request.",
    "GitLab": "GitLab: You are not allowed to push code to protected branches on this project.",
    "Forgejo": "Forgejo: Not allowed to push to protected branch main",
    "Bitbucket": "Branch refs/heads/main can only be modified through pull requests.",
    "Azure": "TF402455: you must use a pull request to update this branch.",
}
"""What servers say of a protected branch."""


def words_of(told: str) -> str:
    """What is shown of a server's line on a protected branch."""
    done = Completed(1, b"", f"remote: {told}\n".encode())
    return refused_push(done, "!", "origin", "main").message


@pytest.mark.parametrize(
    "told",
    [
        "main is protected, see https://bot:hunter2@git.example.com/x",
        "protected: https://hunter2@git.example.com/x",
        "protected branch; token=hunter2",
        "protected branch: push with PRIVATE-TOKEN: hunter2",
        "protected, 'password': 'hunter2'",
        "protected: Authorization: Basic hunter2",
        "protected (glpat-hunter2)",
        "protected ghp_hunter2hunter2",
        "protected for a94a8fe5ccb19ba61hunter2",
    ],
)
def test_a_server_that_repeats_a_credential_is_not_repeated(told: str) -> None:
    assert "hunter2" not in words_of(told)
    assert "protected" in words_of(told)


@pytest.mark.parametrize("server", PROTECTED)
def test_a_protected_branch_comes_with_the_words_of_the_server_made_safe(
    git_world: World, remote: Path, repository: Repository, server: str
) -> None:
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    lines = f"value-in-a-hook\n{PROTECTED[server]}\033[31m\n"
    hook.write_text(f"#!/bin/sh\nprintf '{lines}' >&2\nexit 1\n")
    hook.chmod(0o755)
    (git_world.repo / "a").write_text("y\n")
    commit_files(repository, ["a"], "ours")
    with pytest.raises(FailedError) as caught:
        repository.push(branch="main")
    assert caught.value.kind == "protected-branch"
    assert PROTECTED[server].removeprefix("remote: ") in caught.value.message
    assert "value-in-a-hook" not in caught.value.message
    assert caught.value.message.isprintable()


def test_the_hook_before_a_push_may_refuse(
    git_world: World, remote: Path, repository: Repository
) -> None:
    hook = git_world.repo / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (git_world.repo / "a").write_text("y\n")
    commit_files(repository, ["a"], "ours")
    with pytest.raises(FailedError) as caught:
        repository.push(branch="main")
    assert caught.value.kind == "push-refused"


def test_a_remote_that_is_not_there_is_unavailable(
    git_world: World, remote: Path, repository: Repository
) -> None:
    git_world.git("remote", "set-url", "origin", str(git_world.folder / "gone.git"))
    with pytest.raises(UnavailableError):
        repository.push(branch="main")
    with pytest.raises(UnavailableError):
        repository.fetch(branch="main")


def test_without_a_remote_nothing_can_be_pushed(repository: Repository) -> None:
    with pytest.raises(UsageError) as caught:
        repository.push(branch="main")
    assert caught.value.kind == "no-remote"
