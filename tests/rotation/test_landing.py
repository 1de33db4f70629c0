"""When a move counts as landed: with a remote, without one, in a pull request, on another branch."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError, FailedError, PlanaSecretsError, UnavailableError
from plana_secrets.git.repository import Repository
from plana_secrets.process import become_child
from plana_secrets.rotation import landing
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.landing import Delivery
from tests.rotation.examples import API, COMMIT, FRESH, PUSH, START
from tests.rotation.fleet import Fleet
from tests.rotation.pushes import dated


def refused(fleet: Fleet, move: Move | None, delivery: Delivery) -> str:
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, move, delivery=delivery)
    return caught.value.kind


def test_without_a_remote_a_move_lands_when_it_is_committed(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    assert run_move(fleet.rotation(), API.name, delivery=COMMIT).landed
    assert [key.since for key in fleet.keyset(API).keys] == [START, START]


def test_a_move_in_the_work_tree_has_not_landed(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH)
    assert dated(fleet) == [False]
    assert refused(fleet, Move.PUBLISH, Delivery()) == "not-landed"
    assert refused(fleet, Move.PUBLISH, COMMIT) == "not-landed"


def test_what_somebody_committed_is_dated_by_the_next_run_that_lands(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH)
    fleet.world.commit("by hand")
    fleet.pass_time(hours=3)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert {key.since for key in fleet.keyset(API).keys} == {fleet.now}


def test_on_another_branch_nothing_lands(fleet: Fleet) -> None:
    fleet.world.git("switch", "-q", "-c", "feature")
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    assert dated(fleet) == [False]


@pytest.mark.long
def test_with_a_remote_a_commit_alone_has_not_landed(fleet: Fleet, remote: Path) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    assert dated(fleet) == [False]
    fleet.world.git("push", "-q")
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert dated(fleet) == [True, True]


@pytest.mark.long
def test_a_pushed_move_is_dated_only_when_it_has_arrived(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push takes as long as it takes: what it carries says nothing of when."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    real = Repository.push

    def slow(self: Repository, commit: str = "HEAD", **options: str) -> None:
        fleet.pass_time(minutes=4)
        real(self, commit, **options)

    monkeypatch.setattr(Repository, "push", slow)
    done = run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert (done.landed, done.dated) == (True, True)
    pushed = fleet.world.git("show", f"{done.commit}:infra/secrets/keysets/pulse-data/portal.yaml")
    assert pushed.count("since: null") == 1
    assert fleet.keyset(API).keys[1].since == START + timedelta(minutes=4)
    tips = fleet.world.git("ls-remote", str(remote), "refs/heads/main").split()[0]
    assert tips == fleet.world.git("rev-parse", "HEAD").strip()
    assert fleet.world.git("rev-parse", "HEAD^").strip() == done.commit
    assert fleet.is_clean()


@pytest.mark.long
def test_a_push_that_outlives_its_run_is_dated_after_it_arrived(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    sent = fleet.world.folder / "sent"

    def killed(_self: Repository, commit: str = "HEAD", **options: str) -> None:
        sent.write_text(f"{commit}:refs/heads/{options['branch']}")
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "push", killed)
        ended = become_child(lambda: run_move(fleet.rotation(), API.name, delivery=PUSH))
    assert ended == -signal.SIGKILL
    fleet.pass_time(hours=1)
    fleet.world.git("push", "-q", "origin", sent.read_text())
    arrived = fleet.now
    run_due(fleet.rotation(), delivery=PUSH)
    assert fleet.keyset(API).keys[1].since == arrived
    assert fleet.is_clean()


@pytest.mark.parametrize(
    "trouble",
    [
        ConflictError("moved", kind="push-conflict"),
        UnavailableError("gone", kind="remote-unavailable"),
        FailedError("no", kind="push-refused"),
    ],
    ids=lambda error: error.kind,
)
@pytest.mark.long
def test_a_move_that_could_not_be_dated_is_made_and_dated_by_the_next_run(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch, trouble: PlanaSecretsError
) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    real, pushes = Repository.push, []

    def failing_later(self: Repository, commit: str = "HEAD", **options: str) -> None:
        pushes.append(commit)
        if len(pushes) == 2:
            raise trouble
        real(self, commit, **options)

    monkeypatch.setattr(Repository, "push", failing_later)
    done = run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert (done.move, done.landed, done.dated) == ("publish", True, False)
    assert dated(fleet) == [True, False]
    assert fleet.world.git("rev-parse", "HEAD", "origin/main").split() == [done.commit] * 2
    assert fleet.is_clean()
    fleet.pass_time(hours=2)
    assert run_due(fleet.rotation(), delivery=PUSH).arrived == (API.name,)
    assert fleet.keyset(API).keys[1].since == fleet.now


@pytest.mark.long
def test_two_moves_in_one_branch_the_second_is_refused(fleet: Fleet, remote: Path) -> None:
    """Merged together they would reach callers before providers."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    fleet.world.git("switch", "-q", "-c", "rotation")
    for push in (COMMIT, PUSH):
        fleet.world.git("switch", "-q", "-C", "rotation", "main")
        run_move(fleet.rotation(), API.name, Move.PUBLISH, delivery=push)
        fleet.pass_time(days=1)
        assert refused(fleet, Move.PROMOTE, push) == "not-landed"
        assert refused(fleet, Move.ABORT, push) == "not-landed"


@pytest.mark.long
def test_a_pull_request_is_dated_by_the_scheduled_run_after_its_merge(
    fleet: Fleet, remote: Path
) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    fleet.world.git("switch", "-q", "-c", "rotation")
    run_move(fleet.rotation(), API.name, Move.PUBLISH, delivery=PUSH)
    fleet.world.git("switch", "-q", "main")
    fleet.world.git("merge", "-q", "--no-ff", "-m", "merge", "rotation")
    fleet.world.git("push", "-q")
    fleet.pass_time(hours=7)
    due = run_due(fleet.rotation(), delivery=PUSH)
    assert (due.arrived, due.moved) == ((API.name,), ())
    standby = fleet.keyset(API).keys[1]
    assert standby.since == fleet.now
    fleet.pass_time(minutes=29)
    assert run_due(fleet.rotation(), delivery=PUSH).moved == ()
    fleet.pass_time(minutes=1)
    assert [one.move for one in run_due(fleet.rotation(), delivery=PUSH).moved] == ["promote"]


@pytest.mark.long
def test_a_refused_move_still_records_what_has_landed(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    run_move(fleet.rotation(), API.name, Move.PUBLISH)
    fleet.world.commit("by hand")
    assert refused(fleet, Move.PROMOTE, COMMIT) == "too-early"
    fleet.pass_time(minutes=30)
    run_move(fleet.rotation(), API.name, Move.PROMOTE, delivery=COMMIT)


@pytest.mark.long
def test_a_checkout_that_is_behind_decides_nothing(fleet: Fleet, remote: Path) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    other = fleet.world.folder / "other"
    fleet.world.git("clone", "-q", str(remote), str(other))
    (other / "README").write_text("x")
    for step in (["add", "README"], ["commit", "-q", "-m", "x"], ["push", "-q"]):
        fleet.world.git("-C", str(other), *step)
    before = fleet.commits()
    for run in (
        lambda: run_move(fleet.rotation(), API.name, delivery=PUSH),
        lambda: run_due(fleet.rotation(), delivery=PUSH),
    ):
        with pytest.raises(ConflictError) as caught:
            run()
        assert caught.value.kind == "behind-remote"
    assert fleet.commits() == before
    assert fleet.is_clean()


@pytest.mark.long
def test_of_two_jobs_the_slower_changes_nothing(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one pushed between our look and our push: git's refusal is the fence."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    other = Fleet(fleet.world, policies=fleet.policies)
    rival = fleet.world.folder / "rival"
    shutil.copytree(fleet.world.repo, rival)

    real = landing.Landing.look

    def look_then_lose(self: landing.Landing) -> None:
        monkeypatch.setattr(landing.Landing, "look", real)
        real(self)
        fleet.world.git("-C", str(rival), "commit", "-q", "--allow-empty", "-m", "x")
        fleet.world.git("-C", str(rival), "push", "-q", str(remote), "main")

    monkeypatch.setattr(landing.Landing, "look", look_then_lose)
    with pytest.raises(ConflictError) as caught:
        run_move(other.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "push-conflict"
    assert [str(key.status) for key in fleet.keyset(API).keys] == ["active"]
    assert fleet.is_clean()


@pytest.mark.long
def test_a_slow_way_to_the_branch_is_dated_again(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing waited for a person: the instant in the first commit would be too early."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    from plana_secrets.rotation import ground

    real = ground.write_files

    def slow(*args: object, **options: object) -> object:
        result = real(*args, **options)  # type: ignore[arg-type]
        fleet.pass_time(minutes=4)
        return result

    monkeypatch.setattr(ground, "write_files", slow)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    standby = fleet.keyset(API).keys[1]
    assert standby.since is not None
    assert (standby.since - START).total_seconds() == 240
    assert fleet.is_clean()
