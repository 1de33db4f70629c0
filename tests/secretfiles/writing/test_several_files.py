"""A change of several files is all or nothing, with a commit and a push too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plana_secrets.document.edits import SetLeaf
from plana_secrets.errors import (
    ConflictError,
    FailedError,
    IncompleteError,
    PlanaSecretsError,
    UnavailableError,
)
from plana_secrets.git import commits
from plana_secrets.git.repository import Repository
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.state import state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing import writer as change
from plana_secrets.secretfiles.writing.journal import Journal, pending, stop_if_pending
from plana_secrets.secretfiles.writing.records import Intent, Pending
from plana_secrets.secretfiles.writing.writer import (
    CommitRequest,
    StagedFile,
    stage_edits,
    stage_removal,
    write_files,
    writing,
)
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, make_workspace
from tests.secretfiles.writing.bothfiles import FILES, contents, recover, stage_both, tip
from tests.world import World


class TestWithoutACommit:
    def test_both_files_change_and_the_journal_is_gone(
        self, files_world: World, workspace: Workspace
    ) -> None:
        with writing(workspace, "test"):
            staged = stage_both(workspace)
            result = write_files(workspace, staged, operation="test")
        assert result.files == FILES
        assert contents(files_world) == [one.content for one in staged]
        assert pending(workspace) is None
        assert list((state_folder(workspace.repository) / "journal").iterdir()) == []

    def test_a_disk_that_refuses_the_second_file_gets_the_first_one_back(
        self, files_world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = contents(files_world)
        real = change.put_in_place
        calls: list[str] = []

        def full(space: Workspace, file: str, content: bytes | None) -> None:
            calls.append(file)
            if len(calls) == 2:
                raise FailedError("cannot write: No space left", kind="unwritable-file")
            real(space, file, content)

        monkeypatch.setattr(change, "put_in_place", full)
        with writing(workspace, "test"), pytest.raises(FailedError, match="No space left"):
            write_files(workspace, stage_both(workspace), operation="test")
        assert contents(files_world) == before
        assert pending(workspace) is None

    def test_a_disk_that_refuses_everything_leaves_a_journal_that_the_next_run_finishes(
        self, files_world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        staged = stage_both(workspace)
        real = change.put_in_place
        calls: list[str] = []

        def full(space: Workspace, file: str, content: bytes | None) -> None:
            calls.append(file)
            if len(calls) > 1:
                raise FailedError("cannot write: No space left", kind="unwritable-file")
            real(space, file, content)

        with monkeypatch.context() as patched:
            patched.setattr(change, "put_in_place", full)
            with writing(workspace, "test"), pytest.raises(IncompleteError):
                write_files(workspace, staged, operation="test")
        with pytest.raises(IncompleteError) as caught:
            stop_if_pending(workspace)
        assert caught.value.kind == "pending"
        with writing(workspace, "next"):
            pass
        assert contents(files_world) == [one.content for one in staged]


class TestWithACommit:
    def test_the_commit_holds_exactly_the_change(
        self, files_world: World, workspace: Workspace
    ) -> None:
        (files_world.repo / "other.txt").write_text("x")
        files_world.git("add", "other.txt")
        with writing(workspace, "test"):
            staged = stage_both(workspace)
            result = write_files(
                workspace, staged, operation="test", commit=CommitRequest("Rotate x")
            )
        assert result.commit == files_world.git("rev-parse", "HEAD").strip()
        names = files_world.git("show", "--format=", "--name-only", "HEAD").split()
        assert names == sorted(FILES)
        assert files_world.git("status", "--porcelain") == "A  other.txt\n"

    def test_a_removal_and_a_new_file_go_along(
        self, files_world: World, workspace: Workspace
    ) -> None:
        with writing(workspace, "test"):
            edit = SetLeaf(("a",), Secret(b"x"))
            staged = [
                stage_removal(workspace, PLAIN_FILE),
                stage_edits(workspace, "infra/secrets/new/n.yaml", [edit], create=True),
            ]
            write_files(workspace, staged, operation="test", commit=CommitRequest("Move"))
        assert files_world.git("status", "--porcelain") == ""
        assert not (files_world.repo / PLAIN_FILE).exists()
        assert files_world.decrypt("infra/secrets/new/n.yaml") == "a: x\n"

    def test_a_hook_that_refuses_leaves_everything(
        self, files_world: World, workspace: Workspace
    ) -> None:
        before = contents(files_world)
        hook = files_world.repo / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        staged = stage_both(workspace)
        with writing(workspace, "test"), pytest.raises(FailedError) as caught:
            write_files(workspace, staged, operation="test", commit=CommitRequest("x"))
        assert caught.value.kind == "hook-refused"
        assert contents(files_world) == before
        assert pending(workspace) is None

    @pytest.mark.long
    def test_an_index_that_another_git_holds_is_caught_up_with_later(
        self, files_world: World, workspace: Workspace
    ) -> None:
        """The commit is made by then, so it is no failure that changed nothing."""
        staged = stage_both(workspace)
        lock = files_world.repo / ".git/index.lock"
        lock.touch()
        with writing(workspace, "test"), pytest.raises(IncompleteError) as caught:
            write_files(workspace, staged, operation="test", commit=CommitRequest("x"))
        assert caught.value.kind == "pending"
        lock.unlink()
        recover(files_world)
        assert contents(files_world) == [one.content for one in staged]
        assert files_world.git("status", "--porcelain") == ""

    @pytest.mark.long
    def test_a_branch_that_moves_at_the_last_moment_undoes_the_files(
        self, files_world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = contents(files_world)
        real = commits.move_head

        def late(*args: Any, **options: Any) -> None:
            files_world.git("commit", "-q", "--allow-empty", "-m", "theirs")
            real(*args, **options)

        monkeypatch.setattr(commits, "move_head", late)
        staged = stage_both(workspace)
        with writing(workspace, "test"), pytest.raises(ConflictError) as caught:
            write_files(workspace, staged, operation="test", commit=CommitRequest("x"))
        assert caught.value.kind == "branch-moved"
        assert contents(files_world) == before
        assert files_world.git("status", "--porcelain") == ""

    def test_a_hook_that_asks_sees_no_interrupted_change(
        self, files_world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The change is under way, and its own hook must be able to verify."""
        real = commits.build_commit
        seen: list[Pending | None] = []

        def hooked(*args: Any, **options: Any) -> str:
            assert Journal(workspace.repository).read() is not None
            seen.append(pending(workspace))
            return real(*args, **options)

        monkeypatch.setattr(commits, "build_commit", hooked)
        staged = stage_both(workspace)
        with writing(workspace, "test"):
            write_files(workspace, staged, operation="test", commit=CommitRequest("x"))
        assert seen == [None]

    def test_in_a_work_tree_the_journal_is_its_own(
        self, files_world: World, workspace: Workspace
    ) -> None:
        other = files_world.folder / "other"
        files_world.git("worktree", "add", "-q", "-b", "side", str(other))
        intent = Intent("left", str(other), ())
        Journal(Repository.open(other)).begin(intent, [])
        assert pending(workspace) is None

    def test_the_first_commit_of_a_repository(self, world: World) -> None:
        world.encrypt(PLAIN_FILE, "a: x\n")
        world.encrypt(SECRET_FILE, "stringData:\n    API_KEY: x\n")
        for file in FILES:
            (world.repo / file).rename(world.folder / Path(file).name)
        workspace = make_workspace(world)
        staged = [
            StagedFile(file, None, (world.folder / Path(file).name).read_bytes()) for file in FILES
        ]
        with pytest.MonkeyPatch.context() as patched:
            for name, value in world.environment.items():
                patched.setenv(name, value)
            with writing(workspace, "test"):
                write_files(workspace, staged, operation="test", commit=CommitRequest("First"))
        assert world.git("ls-files").split() == sorted(FILES)


class TestWithAPush:
    def push(self, workspace: Workspace) -> change.WriteResult:
        with writing(workspace, "test"):
            staged = stage_both(workspace)
            return write_files(
                workspace, staged, operation="test", commit=CommitRequest("x", push=True)
            )

    def test_the_remote_has_the_commit(
        self, files_world: World, workspace: Workspace, remote: Path
    ) -> None:
        result = self.push(workspace)
        assert result.arrived
        assert tip(files_world, remote) == tip(files_world, files_world.repo) == result.commit
        assert files_world.git("status", "--porcelain") == ""

    def test_from_a_detached_head(
        self, files_world: World, workspace: Workspace, remote: Path
    ) -> None:
        files_world.git("checkout", "-q", "--detach")
        result = self.push(workspace)
        assert tip(files_world, remote) == result.commit
        assert files_world.git("rev-parse", "HEAD").strip() == result.commit

    @pytest.mark.long
    def test_a_push_that_is_refused_changes_nothing_here(
        self, files_world: World, workspace: Workspace, remote: Path
    ) -> None:
        clone = files_world.folder / "clone"
        files_world.git("clone", "-q", str(remote), str(clone))
        files_world.git("-C", str(clone), "commit", "-q", "--allow-empty", "-m", "theirs")
        files_world.git("-C", str(clone), "push", "-q")
        before, head = contents(files_world), tip(files_world, files_world.repo)
        with pytest.raises(ConflictError):
            self.push(workspace)
        assert contents(files_world) == before
        assert tip(files_world, files_world.repo) == head
        assert files_world.git("status", "--porcelain") == ""
        assert pending(workspace) is None

    @pytest.mark.long
    def test_a_remote_that_is_gone_leaves_the_question_open_until_it_answers(
        self, files_world: World, workspace: Workspace, remote: Path
    ) -> None:
        """The push may have arrived before the line went dead, so nothing is undone yet."""
        before = contents(files_world)
        remote.rename(remote.with_name("away.git"))
        with pytest.raises(PlanaSecretsError) as caught:
            self.push(workspace)
        assert caught.value.exit_code in {5, 7}
        assert contents(files_world) == before
        remote.with_name("away.git").rename(remote)
        self.push(workspace)
        assert tip(files_world, remote) == tip(files_world, files_world.repo)

    @pytest.mark.long
    def test_an_answer_that_was_lost_is_asked_for_again(
        self,
        files_world: World,
        workspace: Workspace,
        remote: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        real = Repository.push

        def lossy(self: Repository, commit: str = "HEAD", **options: str) -> None:
            real(self, commit, **options)
            raise UnavailableError("the line went dead")

        monkeypatch.setattr(Repository, "push", lossy)
        result = self.push(workspace)
        assert tip(files_world, remote) == tip(files_world, files_world.repo) == result.commit
