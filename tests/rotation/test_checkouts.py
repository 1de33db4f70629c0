"""Checkouts as jobs have them, and keysets that are due in one run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.keyset import Move
from tests.rotation.examples import API, COMMIT, FRESH, JWT, PUSH
from tests.rotation.fleet import Fleet
from tests.rotation.pushes import dated


@pytest.mark.long
def test_a_detached_checkout_pushes_to_the_deployed_branch(fleet: Fleet, remote: Path) -> None:
    """As the checkout of a CI job is."""
    fleet.world.git("switch", "-q", "--detach")
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert dated(fleet) == [True, True]
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
    assert dated(fleet) == [True, False]
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
