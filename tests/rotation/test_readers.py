"""Who still reads a key: at an adopted path, or where the settings no longer name it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import FailedError, UsageError
from plana_secrets.rotation.apply import confirm_adopted, confirm_keyset, run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from tests.rotation.examples import API, COMMIT, FRESH, JWT, places
from tests.rotation.fleet import ACCOUNT, PORTAL, Fleet
from tests.rotation.moves import OLD, file_of, make, refused

pytestmark = pytest.mark.long


SECOND = f"{ACCOUNT}#stringData.API_KEY"


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
