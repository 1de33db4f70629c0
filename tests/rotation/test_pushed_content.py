"""What a push takes along, and what is deployed and no base for a move."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plana_secrets.errors import CredentialError, FailedError
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.landing import Delivery
from tests.rotation.examples import API, COMMIT, FRESH, JWT, PUSH
from tests.rotation.fleet import PORTAL, PROVIDER, Fleet
from tests.rotation.pushes import KEYSET_FILE, commit_by_hand, dated, head, started, tip


@pytest.mark.long
def test_moves_that_were_only_committed_are_pushed_and_dated(fleet: Fleet, remote: Path) -> None:
    started(fleet)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    init_keyset(fleet.rotation(), JWT.name, FRESH, delivery=COMMIT)
    fleet.pass_time(days=1)
    due = run_due(fleet.rotation(), delivery=PUSH)
    assert (due.arrived, due.moved) == ((API.name, JWT.name), ())
    assert fleet.keyset(API).keys[1].since == fleet.keyset(JWT).keys[0].since == fleet.now
    assert tip(fleet, remote) == head(fleet)


def other_leaf(fleet: Fleet) -> None:
    commit_by_hand(fleet, "set", PROVIDER, '["stringData"]["OTHER"]', '"another"')


def other_leaf_with_a_move(fleet: Fleet) -> None:
    run_move(fleet.rotation(), API.name)
    other_leaf(fleet)


def new_file(fleet: Fleet) -> None:
    (fleet.world.repo / "README").write_text("x")
    commit_by_hand(fleet)


def merge(fleet: Fleet) -> None:
    fleet.world.git("switch", "-q", "-c", "side")
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    fleet.world.git("switch", "-q", "main")
    fleet.world.git("merge", "-q", "--no-ff", "-m", "merge", "side")


def mode(fleet: Fleet) -> None:
    (fleet.world.repo / PORTAL).chmod(0o755)
    commit_by_hand(fleet)


def data_key(fleet: Fleet) -> None:
    commit_by_hand(fleet, "rotate", "--in-place", KEYSET_FILE)


def nothing(fleet: Fleet) -> None:
    fleet.world.git("commit", "-q", "--allow-empty", "-m", "nothing")


@pytest.mark.parametrize(
    "work", [other_leaf, other_leaf_with_a_move, new_file, merge, mode, data_key, nothing]
)
@pytest.mark.long
def test_the_work_of_a_person_is_not_pushed_along(fleet: Fleet, remote: Path, work) -> None:
    started(fleet)
    work(fleet)
    before, local = tip(fleet, remote), head(fleet)
    with pytest.raises(FailedError) as caught:
        run_due(fleet.rotation(), delivery=PUSH)
    assert caught.value.kind == "unpushed-work"
    assert (tip(fleet, remote), head(fleet)) == (before, local)
    fleet.world.git("push", "-q")
    run_due(fleet.rotation(), delivery=PUSH)


def test_a_deployed_branch_that_was_renamed_is_not_pushed_again(fleet: Fleet, remote: Path) -> None:
    started(fleet)
    fleet.world.git("-C", str(remote), "branch", "-m", "main", "trunk")
    with pytest.raises(FailedError) as caught:
        run_due(fleet.rotation(), delivery=PUSH)
    assert caught.value.kind == "not-deployed-yet"


def test_on_another_branch_too_only_moves_are_pushed(fleet: Fleet, remote: Path) -> None:
    started(fleet)
    fleet.world.git("switch", "-q", "-c", "rotation")
    new_file(fleet)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "unpushed-work"


@pytest.mark.long
def test_a_dry_run_pushes_nothing(fleet: Fleet, remote: Path) -> None:
    started(fleet)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    before = tip(fleet, remote)
    run_due(fleet.rotation(), delivery=PUSH, dry_run=True)
    assert tip(fleet, remote) == before


def test_a_leaf_that_no_keyset_renders_may_differ(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH)
    fleet.world.commit("by hand")
    fleet.world.sops("set", PORTAL, '["stringData"]["OTHER"]', '"not committed"')
    run_due(fleet.rotation(), delivery=COMMIT)
    assert dated(fleet) == [True]


@pytest.mark.parametrize("landed", [True, False])
def test_a_rendered_leaf_or_keyset_that_differs_is_no_base_for_a_move(
    fleet: Fleet, landed: bool
) -> None:
    """Here the list holds what services get; the commit that is deployed holds another."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT if landed else Delivery())
    right = (fleet.world.repo / PROVIDER).read_bytes()
    entries = json.dumps([{"id": "foreign", "value": "x"}])
    fleet.world.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', json.dumps(entries))
    fleet.world.commit("by hand")
    (fleet.world.repo / PROVIDER).write_bytes(right)
    due = run_due(fleet.rotation(), delivery=COMMIT)
    if landed:
        assert due.keysets[0].problem == "not-as-deployed"
        with pytest.raises(FailedError) as caught:
            run_move(fleet.rotation(), API.name, delivery=COMMIT)
        assert caught.value.kind == "not-as-deployed"
    else:
        assert (due.arrived, dated(fleet)) == ((), [False])


def test_what_is_deployed_and_cannot_be_opened_is_not_believed(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    right = (fleet.world.repo / PROVIDER).read_bytes()
    import pyrage

    other = str(pyrage.x25519.Identity.generate().to_public())
    fleet.world.sops("rotate", "--in-place", "--add-age", other, "--rm-age",
                     str(fleet.world.identity.to_public()), PROVIDER)  # fmt: skip
    fleet.world.commit("by hand")
    (fleet.world.repo / PROVIDER).write_bytes(right)
    with pytest.raises(CredentialError):
        run_move(fleet.rotation(), API.name, delivery=COMMIT)
