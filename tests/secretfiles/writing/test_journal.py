"""A change of several files is all or nothing, whenever it is killed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from plana_secrets.paths import parse_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.state import state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing import journal as journal_module
from plana_secrets.secretfiles.writing import recovery
from plana_secrets.secretfiles.writing import writer as change
from plana_secrets.secretfiles.writing.journal import (
    Journal,
    pending,
    stop_if_pending,
)
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Pending, Stage
from plana_secrets.secretfiles.writing.recovery import Facts, Head, plan_recovery
from plana_secrets.secretfiles.writing.writer import (
    CommitRequest,
    StagedFile,
    stage_edits,
    stage_removal,
    write_files,
    writing,
)
from plana_secrets.storage import digest_of
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, make_workspace
from tests.world import World

FILES = (PLAIN_FILE, SECRET_FILE)


def stage_both(workspace: Workspace, value: str = "both-new") -> list[StagedFile]:
    value_of = Secret.from_text(value)
    return [
        stage_edits(workspace, PLAIN_FILE, [SetLeaf(parse_path("db.password"), value_of)]),
        stage_edits(workspace, SECRET_FILE, [SetLeaf(parse_path("stringData.API_KEY"), value_of)]),
    ]


@pytest.fixture
def remote(files_world: World) -> Path:
    bare = files_world.folder / "remote.git"
    files_world.git("init", "-q", "--bare", "-b", "main", str(bare))
    files_world.git("remote", "add", "origin", str(bare))
    files_world.git("push", "-q", "-u", "origin", "main")
    return bare


def contents(world: World) -> list[bytes]:
    return [(world.repo / file).read_bytes() for file in FILES]


def tip(world: World, place: Path) -> str:
    return world.git("-C", str(place), "rev-parse", "main").strip()


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

    def test_what_is_not_committed_yet_is_not_carried_along(
        self, files_world: World, workspace: Workspace
    ) -> None:
        files_world.encrypt(PLAIN_FILE, "db:\n    password: changed by hand\n")
        before = contents(files_world)
        staged = stage_both(workspace)
        with writing(workspace, "test"), pytest.raises(FailedError) as caught:
            write_files(workspace, staged, operation="test", commit=CommitRequest("x"))
        assert caught.value.kind == "uncommitted-changes"
        assert contents(files_world) == before

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


# -- killed at every step


class Camera:
    """Keeps a copy of the world before and after every effect: what a kill -9 there leaves."""

    def __init__(self, album: Path, places: tuple[Path, ...]) -> None:
        self._album = album
        self._places = places
        self.steps: list[str] = []

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            self.shoot(f"before {name}")
            result = function(*args, **options)
            self.shoot(f"after {name}")
            return result

        return wrapped

    def shoot(self, name: str) -> None:
        folder = self._album / str(len(self.steps))
        for place in self._places:
            shutil.copytree(place, folder / place.name, symlinks=True)
        self.steps.append(name)

    def restore(self, number: int) -> None:
        for place in self._places:
            shutil.rmtree(place)
            shutil.copytree(self._album / str(number) / place.name, place, symlinks=True)


@contextlib.contextmanager
def filmed(album: Path, *places: Path) -> Iterator[Camera]:
    """A camera on every effect of a journalled change and of a recovery."""
    targets: list[tuple[Any, str]] = [
        (journal_module, "append_synced"),
        (Journal, "clear"),
        (change, "put_in_place"),
        (recovery, "put_in_place"),
        (commits, "build_commit"),
        (commits, "move_head"),
        (commits, "refresh_index"),
        (Repository, "push"),
    ]
    camera = Camera(album, places)
    with pytest.MonkeyPatch.context() as patched:
        for owner, name in targets:
            patched.setattr(owner, name, camera.wrap(name, getattr(owner, name)))
        yield camera


def in_child(action: Callable[[], None]) -> int:
    """Run ``action`` in a forked process; its exit status."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:  # noqa: BLE001 - a child must not run on as a second pytest
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def recover(world: World) -> None:
    """What the next writing command does first."""
    with writing(make_workspace(world), "next"):
        pass


@pytest.mark.parametrize("kind", ["plain", "commit", "push"])
@pytest.mark.long
def test_killed_at_any_step_it_is_old_or_new_after_the_next_run(
    files_world: World, workspace: Workspace, remote: Path, kind: str
) -> None:
    requests = {"commit": CommitRequest("x"), "push": CommitRequest("x", push=True)}
    request = requests.get(kind)
    staged = stage_both(workspace)
    old, new = contents(files_world), [one.content for one in staged]
    base = tip(files_world, files_world.repo)
    with (
        filmed(files_world.folder / "album", files_world.repo, remote) as camera,
        writing(workspace, "test"),
    ):
        write_files(workspace, staged, operation="test", commit=request)
    outcomes = []
    for number, step in enumerate(camera.steps):
        camera.restore(number)
        recover(files_world)
        now = contents(files_world)
        assert now in (old, new), f"torn {step}"
        assert pending(workspace) is None
        head = tip(files_world, files_world.repo)
        if request is not None:
            assert (head != base) is (now == new), f"branch and files differ {step}"
            assert files_world.git("status", "--porcelain") == "", f"not clean {step}"
        if request is not None and request.push:
            assert tip(files_world, remote) == head, f"the remote differs {step}"
        outcomes.append(now == new)
    assert outcomes == sorted(outcomes), "once new, never old again"
    assert {True, False} == set(outcomes)


@pytest.mark.parametrize(
    "request_",
    [None, CommitRequest("x"), CommitRequest("x", push=True)],
    ids=["finished", "undone", "pushed"],
)
def test_a_recovery_that_is_killed_is_gone_on_with_by_the_next(
    files_world: World, workspace: Workspace, remote: Path, request_: CommitRequest | None
) -> None:
    """Recovery is itself a change: killed anywhere and started again, it ends the same."""
    staged = stage_both(workspace)
    old, new = contents(files_world), [one.content for one in staged]
    expected = old if request_ and not request_.push else new
    real = change.put_in_place

    def stop_after_the_first(*args: Any) -> None:
        real(*args)
        os._exit(9)

    def stop_in_the_middle() -> None:
        change.put_in_place = stop_after_the_first  # type: ignore[assignment]
        with writing(workspace, "test"):
            write_files(workspace, staged, operation="test", commit=request_)

    assert in_child(stop_in_the_middle) == 9
    with filmed(files_world.folder / "album", files_world.repo) as camera:
        recover(files_world)
    assert "before put_in_place" in camera.steps
    for number, step in enumerate(camera.steps):
        camera.restore(number)
        recover(files_world)
        assert contents(files_world) == expected, step
        if request_:
            assert files_world.git("status", "--porcelain") == "", step
        if request_ and request_.push:
            assert tip(files_world, files_world.repo) == tip(files_world, remote), step


def kill_before_the_branch_moves(workspace: Workspace, staged: list[StagedFile]) -> None:
    def stop() -> None:
        commits.move_head = lambda *_, **__: os._exit(9)  # type: ignore[assignment]
        with writing(workspace, "test"):
            write_files(workspace, staged, operation="test", commit=CommitRequest("x"))

    assert in_child(stop) == 9


def test_a_commit_that_was_not_made_is_undone_though_others_committed_meanwhile(
    files_world: World, workspace: Workspace
) -> None:
    """Made now, it would say that it was made when it was begun."""
    before, staged = contents(files_world), stage_both(workspace)
    kill_before_the_branch_moves(workspace, staged)
    files_world.git("commit", "-q", "--allow-empty", "-m", "theirs")
    recover(files_world)
    assert contents(files_world) == before
    assert files_world.git("status", "--porcelain") == ""


def test_a_new_file_of_a_first_commit_that_was_not_made_is_removed_again(world: World) -> None:
    file = "infra/secrets/a.yaml"
    intended = IntendedFile(file, None, digest_of(b"new"))
    (world.repo / file).parent.mkdir(parents=True)
    (world.repo / file).write_bytes(b"new")
    workspace = make_workspace(world)
    journal = Journal(workspace.repository)
    journal.begin(Intent("x", str(world.repo), (intended,), branch="main", commit=True), [b"new"])
    journal.advance(Stage.BUILT, commit="0" * 40)
    journal.advance(Stage.REPLACING)
    recover(world)
    assert not (world.repo / file).exists()


def test_what_somebody_committed_under_another_id_is_left_as_it_is(
    files_world: World, workspace: Workspace
) -> None:
    staged = stage_both(workspace)
    kill_before_the_branch_moves(workspace, staged)
    files_world.git("commit", "-q", "-a", "-m", "by hand")
    recover(files_world)
    assert contents(files_world) == [one.content for one in staged]
    assert files_world.git("status", "--porcelain") == ""


# -- the decision

DIGESTS = (digest_of(b"old"), digest_of(b"new"))

FILE = IntendedFile("a.yaml", "old", "new")
INTENT = Intent("set", "/repo", (FILE,), base="b", branch="main")


@pytest.mark.parametrize(
    ("found", "facts", "action"),
    [
        (None, Facts(), "nothing"),
        (Pending(None, Stage.BEGUN), Facts(), "forget"),
        (Pending(INTENT, Stage.BEGUN), Facts({"a.yaml": "other"}), "forget"),
        (Pending(INTENT, Stage.BUILT, "c"), Facts({"a.yaml": "old"}), "forget"),
        (Pending(INTENT, Stage.PUSHING, "c"), Facts({"a.yaml": "old"}, landed=False), "forget"),
        (Pending(INTENT, Stage.PUSHING, "c"), Facts({"a.yaml": "old"}, landed=None), "blocked"),
        (Pending(INTENT, Stage.PUSHING, "c"), Facts({"a.yaml": "old"}, landed=True), "finish"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "old"}), "finish"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "new"}), "finish"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "other"}), "blocked"),
        (Pending(INTENT, Stage.REPLACING), Facts({}), "blocked"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "new"}, foreign=True), "blocked"),
    ],
)
def test_the_decision(found: Pending | None, facts: Facts, action: str) -> None:
    assert plan_recovery(found, facts).action == action


@pytest.mark.parametrize(
    ("push", "head", "digest", "expected"),
    [
        (None, Head.BASE, "old", ("undo", "none")),
        (None, Head.BASE, "new", ("undo", "none")),
        (None, Head.COMMIT, "new", ("finish", "index")),
        (None, Head.CONTAINS, "new", ("finish", "none")),
        (None, Head.ELSEWHERE, "new", ("undo", "none")),
        ("main", Head.BASE, "old", ("finish", "move")),
        (None, Head.OTHER_BRANCH, "new", ("blocked", "none")),
        ("main", Head.ELSEWHERE, "new", ("finish", "none")),
        ("main", Head.ELSEWHERE, "old", ("forget", "none")),
    ],
)
def test_what_is_left_to_do_in_git(
    push: str | None, head: Head, digest: str, expected: tuple[str, str]
) -> None:
    intent = replace(INTENT, commit=True, push=push)
    plan = plan_recovery(
        Pending(intent, Stage.REPLACING, "c"), Facts({"a.yaml": digest}, head=head)
    )
    assert (plan.action, plan.adoption) == expected


def test_a_file_that_a_person_changed_after_the_crash_is_not_overwritten(
    files_world: World, workspace: Workspace
) -> None:
    staged = stage_both(workspace)

    def stop_in_the_middle() -> None:
        change.put_in_place = lambda *_: os._exit(9)  # type: ignore[assignment]
        with writing(workspace, "test"):
            write_files(workspace, staged, operation="test")

    assert in_child(stop_in_the_middle) == 9
    theirs = files_world.encrypt(PLAIN_FILE, "theirs: x\n").read_bytes()
    with pytest.raises(IncompleteError, match=PLAIN_FILE) as caught, writing(workspace, "next"):
        pass
    assert caught.value.exit_code == 7
    assert (files_world.repo / PLAIN_FILE).read_bytes() == theirs


def test_a_pending_change_of_a_file_that_became_a_link_is_open_not_failed(
    files_world: World, workspace: Workspace
) -> None:
    intent = Intent("set", str(files_world.repo), (IntendedFile(PLAIN_FILE, *DIGESTS),))
    journal = Journal(workspace.repository)
    journal.begin(intent, [b"new"])
    journal.advance(Stage.REPLACING)
    path = files_world.repo / PLAIN_FILE
    path.rename(path.with_name("real.yaml"))
    path.symlink_to("real.yaml")
    with pytest.raises(IncompleteError, match="symlink"), writing(workspace, "next"):
        pass


# -- the records


BEGUN = Intent("set", "/repo", (IntendedFile(PLAIN_FILE, *DIGESTS),), base="b" * 40, branch="main")


def records_of(workspace: Workspace) -> Path:
    return state_folder(workspace.repository) / "journal" / "records"


@given(cut=st.integers(min_value=1, max_value=400))
def test_a_torn_last_line_was_never_written(workspace: Workspace, cut: int) -> None:
    journal = Journal(workspace.repository)
    journal.begin(BEGUN, [b"content"])
    begun = records_of(workspace).read_bytes()
    journal.advance(Stage.REPLACING)
    whole = records_of(workspace).read_bytes()
    records_of(workspace).write_bytes(whole[: max(0, len(whole) - cut)])
    found = journal.read()
    assert found is not None
    if cut <= len(whole) - len(begun):
        assert found == Pending(BEGUN, Stage.BEGUN)
    else:
        assert found == Pending(None, Stage.BEGUN)
    journal.clear()


def test_a_damaged_line_in_the_middle_is_said(workspace: Workspace) -> None:
    journal = Journal(workspace.repository)
    journal.begin(BEGUN, [b"content"])
    journal.advance(Stage.REPLACING)
    data = records_of(workspace).read_bytes()
    records_of(workspace).write_bytes(data.replace(PLAIN_FILE.encode(), b"other.yaml", 1))
    with pytest.raises(IncompleteError) as caught:
        journal.read()
    assert caught.value.kind == "damaged-journal"


def test_nothing_in_the_journal_is_a_value(files_world: World, workspace: Workspace) -> None:
    """Staged contents are ciphertext, records hold names and digests; all is private."""

    def stop_in_the_middle() -> None:
        change.put_in_place = lambda *_: os._exit(9)  # type: ignore[assignment]
        with writing(workspace, "test"):
            write_files(workspace, stage_both(workspace, "sentinel-x"), operation="test")

    assert in_child(stop_in_the_middle) == 9
    folder = records_of(workspace).parent
    assert folder.stat().st_mode & 0o77 == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["new-0", "new-1", "records"]
    for path in folder.iterdir():
        assert b"sentinel-x" not in path.read_bytes()
        assert path.stat().st_mode & 0o77 == 0
    record = json.loads(records_of(workspace).read_bytes().split(b"\n")[0].split(b" ", 1)[1])
    assert record["begin"]["files"][0]["old"] == digest_of(
        (files_world.repo / PLAIN_FILE).read_bytes()
    )
