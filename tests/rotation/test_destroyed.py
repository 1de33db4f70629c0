"""A destroyed key does not come back, by whatever way."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import FailedError
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from tests.rotation.examples import API, COMMIT, FRESH, JWT, places
from tests.rotation.fleet import ACCOUNT, Fleet
from tests.rotation.moves import file_of, make, refused

pytestmark = pytest.mark.long


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
