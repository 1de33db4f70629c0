"""When a move counts as landed: with a remote, without one, in a pull request, on another branch."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from plana_secrets.errors import (
    ConflictError,
    FailedError,
    PlanaSecretsError,
    UnavailableError,
)
from plana_secrets.git.repository import Repository
from plana_secrets.process import become_child
from plana_secrets.rotation import landing
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.landing import Delivery
from tests.rotation.conftest import Fleet
from tests.rotation.examples import API, JWT, START

COMMIT, PUSH = Delivery(commit=True), Delivery(push=True)
FRESH = Source(fresh=True)


def sinces(fleet: Fleet) -> list[bool]:
    return [key.since is not None for key in fleet.keyset(API).keys]


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
    assert sinces(fleet) == [False]
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
    assert sinces(fleet) == [False]


@pytest.mark.long
def test_with_a_remote_a_commit_alone_has_not_landed(fleet: Fleet, remote: Path) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    assert sinces(fleet) == [False]
    fleet.world.git("push", "-q")
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert sinces(fleet) == [True, True]


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
    assert sinces(fleet) == [True, False]
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


@pytest.mark.long
def test_a_detached_checkout_pushes_to_the_deployed_branch(fleet: Fleet, remote: Path) -> None:
    """As the checkout of a CI job is."""
    fleet.world.git("switch", "-q", "--detach")
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert sinces(fleet) == [True, True]
    tip = fleet.world.git("ls-remote", str(remote), "refs/heads/main").split()[0]
    assert tip == fleet.world.git("rev-parse", "HEAD").strip()


@pytest.mark.long
def test_every_keyset_that_is_due_moves_once_a_run(fleet: Fleet) -> None:
    for policy in (API, JWT):
        init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    assert run_due(fleet.rotation(), delivery=COMMIT).moved == ()
    moves = []
    for days in (91, 1, 1, 10, 0):
        fleet.pass_time(days=days)
        moves.append([(one.name, one.move) for one in run_due(fleet.rotation(), delivery=COMMIT).moved])  # fmt: skip
    assert moves == [
        *[[(API.name, move), (JWT.name, move)] for move in ("publish", "promote", "retire", "destroy")],
        [],
    ]  # fmt: skip
    assert fleet.is_clean()


@pytest.mark.long
def test_a_blocked_keyset_does_not_stop_the_others(fleet: Fleet) -> None:
    for policy in (API, JWT):
        init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    file = fleet.world.repo / "infra/secrets/keysets/pulse-account/jwt-access.yaml"
    file.write_text(file.read_text().replace("status: active", "status: standby"))
    fleet.world.commit("tampered")
    fleet.pass_time(days=91)
    due = run_due(fleet.rotation(), delivery=COMMIT)
    assert [one.name for one in due.moved] == [API.name]
    states = {one.name: (str(one.phase), one.problem) for one in due.keysets}
    assert states[JWT.name] == ("blocked", "mac-mismatch")
    assert states[API.name] == ("published", None)


@pytest.mark.long
def test_a_clock_that_is_behind_dates_nothing(fleet: Fleet, remote: Path) -> None:
    """Its instant would be too early as soon as the clock is set right."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    run_move(fleet.rotation(), API.name, Move.PUBLISH, delivery=COMMIT)
    fleet.world.git("push", "-q")
    fleet.pass_time(hours=-2)
    due = run_due(fleet.rotation(), delivery=PUSH)
    assert (due.arrived, due.keysets[0].problem) == ((), "clock-backwards")
    assert sinces(fleet) == [True, False]
    fleet.pass_time(hours=5)
    run_due(fleet.rotation(), delivery=PUSH)
    assert fleet.keyset(API).keys[1].since == fleet.now


def test_the_checkout_of_a_pull_request_is_not_pushed_to_the_deployed_branch(
    fleet: Fleet, remote: Path
) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    fleet.world.git("switch", "-q", "--detach")
    fleet.world.git("commit", "-q", "--allow-empty", "-m", "nobody has reviewed this")
    before = fleet.world.git("ls-remote", str(remote))
    with pytest.raises(ConflictError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "not-deployed"
    assert fleet.world.git("ls-remote", str(remote)) == before


@pytest.mark.long
def test_a_job_with_a_shallow_clone_does_all_of_it(fleet: Fleet, remote: Path) -> None:
    """Depth 1 and a detached HEAD, made anew for every run."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    world, moves = fleet.world, []
    for number in range(3):
        fleet.pass_time(days=91)
        place = world.folder / f"job-{number}"
        world.git("clone", "-q", "--depth", "1", f"file://{remote}", str(place))
        world.git("-C", str(place), "switch", "-q", "--detach")
        due = run_due(fleet.rotation(place), delivery=PUSH)
        moves += [one.move for one in due.moved if one.dated]
        shutil.rmtree(place)
    assert moves == ["publish", "promote", "retire"]
    world.git("pull", "-q")
    assert [str(key.status) for key in fleet.keyset(API).keys] == ["disabled", "active"]
