"""Moves in a real repository, with the real sops and git."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError, FailedError, UsageError
from plana_secrets.rotation import ground
from plana_secrets.rotation.apply import Rotation, confirm_keyset, run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.secretfiles.writing.writer import writing
from tests.rotation.examples import ACCEPTED, API, CALLER, COMMIT, JWT, PUSH, statuses
from tests.rotation.fleet import PORTAL, PROVIDER, Fleet

KEYSET_FILE = "infra/secrets/keysets/pulse-data/portal.yaml"


def accepted_values(fleet: Fleet) -> list[str]:
    return [entry["value"] for entry in json.loads(fleet.value(ACCEPTED))]


@pytest.mark.long
def test_an_api_key_passes_through_its_rotation(fleet: Fleet) -> None:
    """The provider accepts what the caller sends at every step, and the old key at last no more."""
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=COMMIT)
    first = fleet.value(CALLER)
    assert accepted_values(fleet) == [first]

    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    second = accepted_values(fleet)[1]
    assert second != first
    assert fleet.value(CALLER) == first

    fleet.pass_time(minutes=31)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert fleet.value(CALLER) == second
    assert accepted_values(fleet) == [first, second]

    fleet.pass_time(minutes=91)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert accepted_values(fleet) == [second]

    fleet.pass_time(days=8)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert statuses(fleet.keyset(API)) == ["destroyed", "active"]
    assert fleet.commits() == 6
    assert fleet.is_clean()


def test_a_move_changes_all_its_files_in_one_commit(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=COMMIT)
    done = run_move(fleet.rotation(), API.name, delivery=COMMIT)
    fleet.pass_time(minutes=31)
    done = run_move(fleet.rotation(), API.name, delivery=COMMIT)
    changed = fleet.world.git("show", "--name-only", "--format=", "HEAD").split()
    assert changed == ["infra/secrets/keysets/pulse-data/portal.yaml", PORTAL]
    assert done.commit == fleet.world.git("rev-parse", "HEAD").strip()
    assert sorted(done.files) == sorted(changed)
    assert PROVIDER not in changed
    assert fleet.value("x#stringData.OTHER".replace("x", PORTAL)) == "stays as it is"


def test_a_move_before_its_time_is_refused_with_the_time(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=COMMIT)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    fleet.pass_time(minutes=29)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, Move.PROMOTE, delivery=COMMIT)
    assert caught.value.kind == "too-early"
    assert caught.value.facts["not_before"] == "2026-11-23T10:30:00Z"
    assert "2026-11-23T10:30:00Z" in caught.value.message
    assert fleet.is_clean()
    assert fleet.commits() == 3


@pytest.mark.long
def test_with_waits_of_nothing_moves_may_follow_each_other_at_once(fleet: Fleet) -> None:
    """An instant is rounded up to a second, and the next command must not meet it early."""
    nothing = timedelta(0)
    policy = fleet.change(API, rollout=nothing, drain=nothing, grace=nothing)

    def rotation() -> Rotation:
        return replace(fleet.rotation(), clock=lambda: datetime.now(UTC))

    init_keyset(rotation(), policy.name, Source(fresh=True), delivery=COMMIT)
    for _ in range(4):
        run_move(rotation(), policy.name, delivery=COMMIT)
    assert statuses(fleet.keyset(policy)) == ["destroyed", "active"]


@pytest.mark.long
def test_a_dry_run_names_the_files_and_meets_what_the_real_run_would(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=COMMIT)
    would = run_move(fleet.rotation(), API.name, delivery=COMMIT, dry_run=True)
    assert fleet.is_clean()
    assert run_move(fleet.rotation(), API.name, delivery=COMMIT).files == would.files
    fleet.pass_time(hours=1)
    fleet.world.sops("unset", PORTAL, '["stringData"]["API_KEY_PULSE_DATA"]')
    fleet.world.commit("by hand")
    for dry_run in (True, False):
        with pytest.raises(FailedError) as caught:
            run_move(fleet.rotation(), API.name, delivery=COMMIT, dry_run=dry_run)
        assert caught.value.kind == "target-differs"


@pytest.mark.long
def test_a_move_beside_another_run_is_refused(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=COMMIT)
    for run in (
        lambda: run_move(fleet.rotation(), API.name, delivery=COMMIT),
        lambda: run_due(fleet.rotation(), delivery=COMMIT),
        lambda: confirm_keyset(fleet.rotation(), API.name, delivery=COMMIT),
        lambda: init_keyset(fleet.rotation(), JWT.name, Source(fresh=True), delivery=COMMIT),
    ):
        with writing(fleet.rotation().workspace, "another run"):
            with pytest.raises(ConflictError) as caught:
                run()
            assert caught.value.kind == "locked"
            run_move(fleet.rotation(), API.name, delivery=COMMIT, dry_run=True)
    assert fleet.commits() == 2


@pytest.mark.long
def test_a_confirmation_that_no_one_waits_for_is_a_wrong_call(fleet: Fleet) -> None:
    policy = fleet.change(API, external_callers=("acme",))
    init_keyset(fleet.rotation(), policy.name, Source(fresh=True), delivery=COMMIT)
    with pytest.raises(FailedError) as early:
        confirm_keyset(fleet.rotation(), policy.name, delivery=COMMIT)
    assert early.value.kind == "wrong-phase"
    run_move(fleet.rotation(), policy.name, delivery=COMMIT)
    with pytest.raises(UsageError) as strange:
        confirm_keyset(fleet.rotation(), policy.name, ["emca"], delivery=COMMIT)
    assert strange.value.kind == "not-awaited"
    fleet.policies = (API, JWT)
    init_keyset(fleet.rotation(), JWT.name, Source(fresh=True), delivery=COMMIT)
    run_move(fleet.rotation(), JWT.name, delivery=COMMIT)
    with pytest.raises(UsageError) as unawaited:
        confirm_keyset(fleet.rotation(), JWT.name, delivery=COMMIT)
    assert unawaited.value.kind == "not-awaited"


@pytest.mark.parametrize("file", ["keyset", "target"])
@pytest.mark.parametrize("step", ["move", "date"])
@pytest.mark.long
def test_what_the_disk_does_not_hold_afterwards_is_not_reported_as_made(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch, file: str, step: str
) -> None:
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=PUSH)
    real, writes = ground.write_files, []
    place = fleet.world.repo / (PROVIDER if file == "target" else KEYSET_FILE)
    old = place.read_bytes()

    def lying(*args: object, **options: object) -> object:
        result = real(*args, **options)  # type: ignore[arg-type]
        writes.append(result)
        if len(writes) == (1 if step == "move" else 2):
            place.write_bytes(old)
        return result

    monkeypatch.setattr(ground, "write_files", lying)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "read-back"
