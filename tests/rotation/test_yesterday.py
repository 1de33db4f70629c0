"""What a real repository keeps of a rotation: who still reads, what was destroyed, by which clock."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import (
    ConflictError,
    FailedError,
    PlanaSecretsError,
    UsageError,
)
from plana_secrets.rotation.apply import confirm_adopted, confirm_keyset, run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.landing import Delivery
from plana_secrets.rotation.redate import redate_keyset
from plana_secrets.secretfiles.writing.writer import writing
from tests.rotation.conftest import ACCOUNT, PORTAL, PROVIDER, Fleet
from tests.rotation.examples import API, JWT, START, places, statuses

pytestmark = pytest.mark.long

COMMIT = Delivery(commit=True)
FRESH = Source(fresh=True)
OLD = f"{ACCOUNT}#stringData.JWT_SECRET"
SECOND = f"{ACCOUNT}#stringData.API_KEY"


def refused(fleet: Fleet, name: str, move: Move | None, **options: bool) -> PlanaSecretsError:
    with pytest.raises(PlanaSecretsError) as caught:
        run_move(fleet.rotation(), name, move, delivery=COMMIT, **options)
    assert fleet.is_clean()
    return caught.value


def make(fleet: Fleet, name: str, *moves: Move) -> None:
    for move in moves:
        run_move(fleet.rotation(), name, move, delivery=COMMIT)
        fleet.pass_time(days=9)


def file_of(fleet: Fleet, name: str) -> str:
    return fleet.rotation().store().file(name)


# -- who still reads


@pytest.fixture
def adopted(fleet: Fleet) -> Fleet:
    fleet.world.sops("set", ACCOUNT, '["stringData"]["JWT_SECRET"]', '"the secret of today"')
    fleet.world.commit("the secret of today")
    init_keyset(fleet.rotation(), JWT.name, Source(parse_reference(OLD)), delivery=COMMIT)
    make(fleet, JWT.name, Move.PUBLISH)
    return fleet


def test_an_adopted_path_holds_promote_until_it_is_gone(adopted: Fleet) -> None:
    error = refused(adopted, JWT.name, Move.PROMOTE)
    assert (error.kind, OLD in error.message) == ("adopted-still-read", True)
    assert adopted.rotation().status(JWT.name).phase == "blocked"
    assert run_due(adopted.rotation(), delivery=COMMIT).moved == ()
    adopted.world.sops("unset", ACCOUNT, '["stringData"]["JWT_SECRET"]')
    adopted.world.commit("moved over")
    make(adopted, JWT.name, Move.PROMOTE)
    assert f"adopted {OLD}" not in (adopted.world.repo / file_of(adopted, JWT.name)).read_text()


@pytest.mark.long
def test_an_adopted_path_without_readers_may_keep_its_value(adopted: Fleet) -> None:
    """A person says so, in a commit; nothing else of the keyset changes, and only once."""
    before = adopted.keyset(JWT)
    done = confirm_adopted(adopted.rotation(), JWT.name, delivery=COMMIT)
    assert done.files == (file_of(adopted, JWT.name),)
    subject = adopted.world.git("log", "-1", "--format=%s").strip()
    assert subject == f"Rotate {JWT.name}: confirm adopted {OLD}"
    after = adopted.keyset(JWT)
    assert replace(after, terms=before.terms) == before
    assert adopted.value(OLD)
    with pytest.raises(UsageError) as again:
        confirm_adopted(adopted.rotation(), JWT.name, delivery=COMMIT)
    assert again.value.kind == "not-adopted"
    make(adopted, JWT.name, Move.PROMOTE)


def test_an_adopted_path_is_confirmed_only_of_a_keyset_that_has_landed(fleet: Fleet) -> None:
    fleet.world.sops("set", ACCOUNT, '["stringData"]["JWT_SECRET"]', '"the secret of today"')
    fleet.world.commit("today")
    init_keyset(fleet.rotation(), JWT.name, Source(parse_reference(OLD)))
    fleet.world.commit("by hand")
    fleet.branch = "elsewhere"
    with pytest.raises(FailedError) as caught:
        confirm_adopted(fleet.rotation(), JWT.name, delivery=COMMIT)
    assert caught.value.kind == "not-landed"


def test_a_keyset_file_without_that_memory_is_not_held(adopted: Fleet) -> None:
    """As an older version wrote it."""
    before, rotation = adopted.keyset(JWT), adopted.rotation()
    old = replace(before, terms=None)
    with rotation.alone("as before"):
        rotation.write(rotation.store().stage_move(before, old), "as before", None)
    adopted.world.commit("as before")
    assert adopted.keyset(JWT) == old
    make(adopted, JWT.name, Move.PROMOTE)


def test_an_adopted_path_that_becomes_a_target_holds_nothing(adopted: Fleet) -> None:
    policy = adopted.change(JWT, raw_targets=places(OLD))
    assert refused(adopted, policy.name, Move.PROMOTE).kind == "single-reader"
    adopted.world.sops("set", ACCOUNT, '["stringData"]["JWT_SECRET"]', '"of somewhere else"')
    adopted.world.commit("another secret")
    adopted.change(policy, raw_targets=())
    make(adopted, JWT.name, Move.PROMOTE)


def test_a_person_may_promote_in_spite_of_an_adopted_path_and_the_commit_says_so(
    adopted: Fleet,
) -> None:
    done = run_move(adopted.rotation(), JWT.name, Move.PROMOTE, delivery=COMMIT, accept_outage=True)
    assert (done.move, done.accepted) == ("promote", "adopted-still-read")
    subject = adopted.world.git("log", "-1", "--format=%s").strip()
    assert subject == (f"Rotate {JWT.name}: promote, outage accepted (adopted-still-read: {OLD})")
    make(adopted, JWT.name, Move.DEMOTE)
    assert "accepted" not in adopted.world.git("log", "-1", "--format=%s")


@pytest.mark.long
def test_a_caller_that_was_taken_out_is_named_until_its_leaf_is_gone(fleet: Fleet) -> None:
    policy = fleet.change(API, callers=(*API.callers, *places(SECOND)))
    init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    make(fleet, policy.name, Move.PUBLISH)
    fleet.change(policy, callers=API.callers)
    assert fleet.rotation().status(API.name).left.removed == (SECOND,)
    error = refused(fleet, API.name, Move.PROMOTE)
    assert (error.kind, SECOND in error.message) == ("removed-still-read", True)
    run_move(fleet.rotation(), API.name, Move.ABORT, delivery=COMMIT)
    fleet.pass_time(days=1)
    make(fleet, API.name, Move.PUBLISH)
    assert refused(fleet, API.name, Move.PROMOTE).kind == "removed-still-read"
    fleet.world.sops("unset", ACCOUNT, '["stringData"]["API_KEY"]')
    fleet.world.commit("no caller there")
    make(fleet, API.name, Move.PROMOTE)
    assert fleet.rotation().status(API.name).left.removed == ()


def test_a_target_that_was_taken_out_counts_in_base64_and_not_when_its_file_is_gone(
    fleet: Fleet,
) -> None:
    place = f"{PORTAL}#data.jwt"
    policy = fleet.change(JWT, targets=(*JWT.targets, *places(place)))
    init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    fleet.change(policy, targets=JWT.targets)
    assert fleet.rotation().status(JWT.name).left.removed == (place,)
    fleet.world.git("rm", "-q", PORTAL)
    fleet.world.git("commit", "-q", "-m", "gone")
    fleet.policies = tuple(one for one in fleet.policies if one.name == JWT.name)
    assert fleet.rotation().status(JWT.name).left.removed == ()


def test_a_key_with_odd_characters_is_found_in_a_list(fleet: Fleet) -> None:
    """JSON writes a quote with a backslash before it."""
    fleet.world.sops("set", ACCOUNT, '["stringData"]["KEY"]', json.dumps('say "a" \\ b'))
    fleet.world.commit("today")
    place = f"{ACCOUNT}#stringData.LIST"
    policy = fleet.change(API, accepted=(*API.accepted, *places(place)))
    source = Source(parse_reference(f"{ACCOUNT}#stringData.KEY"))
    init_keyset(fleet.rotation(), policy.name, source, delivery=COMMIT)
    fleet.change(policy, accepted=API.accepted)
    assert fleet.rotation().status(API.name).left.removed == (place,)


@pytest.mark.long
def test_abort_is_refused_once_an_external_caller_has_the_new_key(fleet: Fleet) -> None:
    policy = fleet.change(API, external_callers=("acme",))
    init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    make(fleet, policy.name, Move.PUBLISH)
    confirm_keyset(fleet.rotation(), policy.name, delivery=COMMIT)
    assert refused(fleet, policy.name, Move.ABORT).kind == "caller-confirmed"
    done = run_move(fleet.rotation(), policy.name, Move.ABORT, delivery=COMMIT, accept_outage=True)
    assert done.accepted == "caller-confirmed"


@pytest.mark.long
def test_settings_that_changed_since_promote_shorten_nothing_unless_a_person_says_so(
    fleet: Fleet,
) -> None:
    policy = fleet.change(JWT, max_token_lifetime=timedelta(days=30))
    init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    make(fleet, policy.name, Move.PUBLISH, Move.PROMOTE)
    fleet.change(policy, max_token_lifetime=timedelta(minutes=15))
    error = refused(fleet, policy.name, Move.RETIRE)
    assert (error.kind, error.facts["not_before"]) == ("too-early", "2027-01-01T10:31:00Z")
    assert run_due(fleet.rotation(), delivery=COMMIT).moved == ()
    run_move(fleet.rotation(), policy.name, Move.RETIRE, delivery=COMMIT, accept_outage=True)
    assert "too-early: not before 2027-01-01" in fleet.world.git("log", "-1", "--format=%s")


# -- what was destroyed


@pytest.fixture
def restored(fleet: Fleet) -> Fleet:
    """The state before destroy was restored by hand."""
    init_keyset(fleet.rotation(), JWT.name, FRESH, delivery=COMMIT)
    make(fleet, JWT.name, Move.PUBLISH, Move.PROMOTE, Move.RETIRE)
    before = fleet.world.git("rev-parse", "HEAD").strip()
    make(fleet, JWT.name, Move.DESTROY)
    fleet.world.git("checkout", "-q", before, "--", "infra")
    fleet.world.git("commit", "-q", "-m", "restore")
    fleet.policies = (JWT,)
    return fleet


def test_a_destroyed_key_that_is_back_moves_nowhere(restored: Fleet) -> None:
    before = restored.world.git("rev-parse", "HEAD")
    for move in (None, Move.REINSTATE, Move.DESTROY, Move.PUBLISH):
        for accept_outage in (False, True):
            error = refused(restored, JWT.name, move, accept_outage=accept_outage)
            assert error.kind == "destroyed-value", move
    assert restored.world.git("rev-parse", "HEAD") == before


def test_a_job_does_not_walk_past_a_destroyed_key(restored: Fleet) -> None:
    restored.pass_time(days=100)
    done = run_due(restored.rotation(), delivery=COMMIT)
    (status,) = done.keysets
    assert (done.moved, status.phase, status.problem) == ((), "blocked", "destroyed-value")
    assert restored.rotation().status(JWT.name).problem == "destroyed-value"
    assert restored.is_clean()
    with pytest.raises(FailedError) as caught:
        init_keyset(restored.rotation(), JWT.name, Source(), replace=True, delivery=COMMIT)
    assert caught.value.kind == "destroyed-value"


@pytest.mark.long
def test_an_adopted_key_that_was_destroyed_is_known_by_its_tombstone(adopted: Fleet) -> None:
    """Of a value that we did not generate there is no fingerprint, and no way to tell it."""
    adopted.policies = (JWT,)
    adopted.world.sops("unset", ACCOUNT, '["stringData"]["JWT_SECRET"]')
    adopted.world.commit("moved over")
    make(adopted, JWT.name, Move.PROMOTE, Move.RETIRE)
    before = adopted.world.git("rev-parse", "HEAD").strip()
    make(adopted, JWT.name, Move.DESTROY)
    after = adopted.world.git("rev-parse", "HEAD").strip()
    adopted.world.git("checkout", "-q", before, "--", "infra")
    adopted.world.git("commit", "-q", "-m", "restore")
    assert refused(adopted, JWT.name, Move.REINSTATE).kind == "destroyed-value"
    # the hint: the latest state in git is the way on
    adopted.world.git("checkout", "-q", after, "--", "infra")
    adopted.world.git("commit", "-q", "-m", "restore what was before")
    make(adopted, JWT.name, Move.PUBLISH)


@pytest.mark.long
def test_a_keyset_that_is_made_again_may_adopt_another_secret(adopted: Fleet) -> None:
    """It has the kid legacy again, as the one before that was destroyed."""
    adopted.policies = (JWT,)
    adopted.world.sops("unset", ACCOUNT, '["stringData"]["JWT_SECRET"]')
    adopted.world.commit("moved over")
    make(adopted, JWT.name, Move.PROMOTE, Move.RETIRE, Move.DESTROY)
    adopted.world.git("rm", "-q", file_of(adopted, JWT.name))
    adopted.world.sops("unset", ACCOUNT, '["stringData"]["jwt-access.json"]')
    adopted.world.sops("set", ACCOUNT, '["stringData"]["NEW"]', '"another secret"')
    adopted.world.commit("from the start")
    source = Source(parse_reference(f"{ACCOUNT}#stringData.NEW"))
    init_keyset(adopted.rotation(), JWT.name, source, delivery=COMMIT)
    make(adopted, JWT.name, Move.PUBLISH)


def test_a_destroyed_value_is_not_adopted_by_another_keyset(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    make(fleet, API.name, Move.PUBLISH)
    value = fleet.keyset(API).keys[1].value
    make(fleet, API.name, Move.ABORT)
    assert value is not None
    fleet.world.sops("set", ACCOUNT, '["stringData"]["KEY"]', json.dumps(value.reveal_text()))
    fleet.world.commit("by hand")
    other = replace(API, name="other", accepted=places(f"{ACCOUNT}#stringData.L"), callers=())
    fleet.policies = (*fleet.policies, other)
    source = Source(parse_reference(f"{ACCOUNT}#stringData.KEY"))
    with pytest.raises(FailedError) as caught:
        init_keyset(fleet.rotation(), "other", source, delivery=COMMIT)
    assert caught.value.kind == "destroyed-value"


@pytest.mark.long
def test_in_a_shallow_clone_a_key_is_not_reinstated(fleet: Fleet) -> None:
    """The tombstone may be in a commit that is not here; the other moves go on."""
    fleet.policies = (JWT,)
    init_keyset(fleet.rotation(), JWT.name, FRESH, delivery=COMMIT)
    make(fleet, JWT.name, Move.PUBLISH, Move.PROMOTE, Move.RETIRE)
    clone = fleet.world.folder / "clone"
    fleet.world.git("clone", "-q", "--depth=1", f"file://{fleet.world.repo}", str(clone))
    rotation = fleet.rotation(clone)
    with pytest.raises(FailedError) as caught:
        run_move(rotation, JWT.name, Move.REINSTATE)
    assert caught.value.kind == "partial-history"
    assert run_move(rotation, JWT.name, Move.DESTROY, dry_run=True).move == "destroy"


# -- by which clock


@pytest.mark.long
def test_a_move_dated_in_the_future_is_dated_again(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    fleet.pass_time(days=100)
    run_move(fleet.rotation(), API.name, Move.PUBLISH, delivery=COMMIT)
    fleet.now = START + timedelta(hours=1)
    for move in (Move.ABORT, Move.PROMOTE):
        assert refused(fleet, API.name, move).kind == "clock-backwards"
    assert fleet.rotation().status(API.name).phase == "blocked"
    done = redate_keyset(fleet.rotation(), API.name, delivery=COMMIT)
    assert (done.move, done.dated) == ("redate", True)
    assert [key.since for key in fleet.keyset(API).keys] == [START, fleet.now]
    assert refused(fleet, API.name, Move.PROMOTE).kind == "too-early"
    fleet.pass_time(minutes=31)
    run_move(fleet.rotation(), API.name, Move.PROMOTE, delivery=COMMIT)


def test_where_no_instant_is_in_the_future_nothing_is_dated_again(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    with pytest.raises(FailedError) as caught:
        redate_keyset(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "nothing-to-redate"


# -- who else is at work


def test_a_move_waits_for_no_one_who_holds_the_lock(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    with writing(fleet.rotation().workspace, "another run"), pytest.raises(ConflictError) as caught:
        run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "locked"
    assert statuses(fleet.keyset(API)) == ["active"]


def test_where_no_one_is_awaited_a_confirmation_is_a_mistake(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    make(fleet, API.name, Move.PUBLISH)
    with pytest.raises(UsageError) as caught:
        confirm_keyset(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "not-awaited"
    assert "no confirmation is awaited" in caught.value.message


def test_what_the_disk_does_not_hold_after_a_move_is_an_error(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plana_secrets.rotation import ground

    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    real = ground.write_files

    def and_then_another_hand(*arguments: object, **options: object) -> object:
        result = real(*arguments, **options)  # type: ignore[arg-type]
        fleet.world.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', '"[]"')
        return result

    monkeypatch.setattr(ground, "write_files", and_then_another_hand)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "read-back"


def with_remote(fleet: Fleet) -> None:
    place = fleet.world.folder / "remote.git"
    fleet.world.git("clone", "-q", "--bare", ".", str(place))
    fleet.world.git("remote", "add", "origin", str(place))
    fleet.world.git("fetch", "-q", "origin")
    fleet.world.git("branch", "-q", "--set-upstream-to=origin/main")


@pytest.mark.long
def test_another_hand_between_a_pushed_move_and_its_date_is_an_error(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move is made; that its date was not read back must not be swallowed."""
    from plana_secrets.rotation import ground

    with_remote(fleet)
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=Delivery(push=True))
    real, calls = ground.write_files, []

    def and_then_another_hand(*arguments: object, **options: object) -> object:
        result = real(*arguments, **options)  # type: ignore[arg-type]
        calls.append(result)
        if len(calls) == 2:
            fleet.world.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', '"[]"')
        return result

    monkeypatch.setattr(ground, "write_files", and_then_another_hand)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=Delivery(push=True))
    assert (caught.value.kind, len(calls)) == ("read-back", 2)


@pytest.mark.long
def test_a_job_on_a_clone_that_is_behind_decides_nothing(fleet: Fleet) -> None:
    with_remote(fleet)
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=Delivery(push=True))
    other = fleet.world.folder / "other"
    fleet.world.git("clone", "-q", str(fleet.world.folder / "remote.git"), str(other))
    run_move(fleet.rotation(), API.name, delivery=Delivery(push=True))
    fleet.pass_time(days=100)
    with pytest.raises(ConflictError) as caught:
        run_due(fleet.rotation(other), delivery=Delivery(push=True))
    assert caught.value.kind == "behind-remote"
