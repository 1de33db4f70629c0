"""Whenever a change is killed, the next run has the old state or the new one."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plana_secrets.errors import IncompleteError
from plana_secrets.git import commits
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing import journal as journal_module
from plana_secrets.secretfiles.writing import recovery
from plana_secrets.secretfiles.writing import writer as change
from plana_secrets.secretfiles.writing.journal import Journal, pending
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Stage
from plana_secrets.secretfiles.writing.writer import CommitRequest, write_files, writing
from plana_secrets.storage import digest_of
from tests.secretfiles.conftest import PLAIN_FILE, make_workspace
from tests.secretfiles.writing.bothfiles import (
    DIGESTS,
    contents,
    in_child,
    kill_before_the_branch_moves,
    recover,
    stage_both,
    tip,
)
from tests.world import World


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
