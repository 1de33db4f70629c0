"""What goes wrong once a push has begun: others may have seen it, so nothing is undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError, IncompleteError, UnavailableError
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing import writer
from plana_secrets.secretfiles.writing.journal import pending
from plana_secrets.secretfiles.writing.writer import CommitRequest, write_files, writing
from tests.secretfiles.writing.bothfiles import contents, in_child, recover, stage_both, tip
from tests.world import World

pytestmark = pytest.mark.long


def push(workspace: Workspace, **options: object) -> writer.WriteResult:
    with writing(workspace, "test"):
        return write_files(
            workspace,
            stage_both(workspace),
            operation="test",
            commit=CommitRequest("x", push=True, **options),
        )


def refuse(*_args: object, **_options: object) -> None:
    raise FailedError("the disk is full")


def test_an_error_after_the_push_is_open_and_not_undone(
    files_world: World, workspace: Workspace, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(writer, "put_in_place", refuse)
        with pytest.raises(IncompleteError) as caught:
            push(workspace)
    assert (caught.value.kind, caught.value.exit_code) == ("pending", 7)
    assert pending(workspace) is not None
    arrived = tip(files_world, remote)
    recover(files_world)
    assert tip(files_world, files_world.repo) == arrived
    assert files_world.git("status", "--porcelain") == ""
    assert pending(workspace) is None


@pytest.mark.parametrize("arrived", [True, False])
def test_an_answer_that_is_lost_with_the_line_is_asked_for_by_the_next_run(
    files_world: World,
    workspace: Workspace,
    remote: Path,
    monkeypatch: pytest.MonkeyPatch,
    arrived: bool,
) -> None:
    before, head = contents(files_world), tip(files_world, files_world.repo)
    real = Repository.push

    def lost(self: Repository, commit: str = "HEAD", **options: str) -> None:
        if arrived:
            real(self, commit, **options)
        remote.rename(remote.with_name("away.git"))
        raise UnavailableError("the line went dead")

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "push", lost)
        with pytest.raises(IncompleteError) as caught:
            push(workspace)
    assert caught.value.kind == "push-unknown"
    assert (contents(files_world), tip(files_world, files_world.repo)) == (before, head)
    with pytest.raises(IncompleteError):
        recover(files_world)
    assert pending(workspace) is not None
    remote.with_name("away.git").rename(remote)
    recover(files_world)
    assert (contents(files_world) != before) == arrived
    assert tip(files_world, files_world.repo) == tip(files_world, remote)
    assert files_world.git("status", "--porcelain") == ""


def test_a_commit_that_is_not_to_be_kept_goes_when_the_remote_takes_it_back(
    files_world: World, workspace: Workspace, remote: Path
) -> None:
    before, head = contents(files_world), tip(files_world, files_world.repo)
    hook = remote / "hooks/post-receive"
    hook.write_text("#!/bin/sh\nread o n r\nunset GIT_QUARANTINE_PATH\ngit update-ref $r $o\n")
    hook.chmod(0o755)
    with pytest.raises(Exception, match="does not have it") as caught:
        push(workspace, keep=False)
    assert caught.value.kind == "push-not-kept"
    assert (contents(files_world), tip(files_world, files_world.repo)) == (before, head)
    assert pending(workspace) is None
    result = push(workspace)
    assert (result.arrived, result.commit) == (False, tip(files_world, files_world.repo))


def test_a_killed_change_waits_until_its_branch_is_checked_out_again(
    files_world: World, workspace: Workspace, remote: Path
) -> None:
    def killed() -> None:
        writer.put_in_place = lambda *_: os._exit(9)  # type: ignore[assignment]
        push(workspace)

    assert in_child(killed) == 9
    files_world.git("switch", "-q", "-c", "other")
    before = contents(files_world)
    with pytest.raises(IncompleteError, match="the branch main") as caught:
        recover(files_world)
    assert caught.value.kind == "blocked"
    assert contents(files_world) == before
    files_world.git("switch", "-q", "main")
    recover(files_world)
    assert contents(files_world) != before
    assert tip(files_world, files_world.repo) == tip(files_world, remote)
    assert files_world.git("status", "--porcelain") == ""
