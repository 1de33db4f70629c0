"""A push that is not believed, and what may be pushed at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from plana_secrets.errors import (
    ConflictError,
    CredentialError,
    FailedError,
    UnavailableError,
    UsageError,
)
from plana_secrets.git.repository import Repository
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.landing import Delivery
from tests.rotation.conftest import PORTAL, PROVIDER, Fleet
from tests.rotation.examples import API, JWT, statuses

COMMIT, PUSH = Delivery(commit=True), Delivery(push=True)
FRESH = Source(fresh=True)
KEYSET_FILE = "infra/secrets/keysets/pulse-data/portal.yaml"


def dated(fleet: Fleet) -> list[bool]:
    return [key.since is not None for key in fleet.keyset(API).keys]


def tip(fleet: Fleet, place: Path) -> str:
    return fleet.world.git("ls-remote", str(place), "refs/heads/main").split()[0]


def head(fleet: Fleet) -> str:
    return fleet.world.git("rev-parse", "HEAD").strip()


def started(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    fleet.pass_time(hours=1)


def takes_back(remote: Path, *, only: str = "") -> Path:
    """A server that says yes and then sets the branch back, if the subject holds ``only``."""
    hook = remote / "hooks/post-receive"
    hook.write_text(
        f"#!/bin/sh\nread old new ref\nunset GIT_QUARANTINE_PATH\n"
        f"git log -1 --format=%s $new | grep -q '{only}' && git update-ref $ref $old\n:\n"
    )
    hook.chmod(0o755)
    return hook


def commit_by_hand(fleet: Fleet, *argv: str) -> None:
    if argv:
        fleet.world.sops(*argv)
    fleet.world.commit("by hand")


# -- a push that is not there


@pytest.mark.long
def test_a_push_that_the_server_takes_back_dates_nothing_and_is_repeated(
    fleet: Fleet, remote: Path
) -> None:
    started(fleet)
    before, hook = tip(fleet, remote), takes_back(remote)
    with pytest.raises(ConflictError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "push-not-kept"
    assert tip(fleet, remote) == before
    assert (statuses(fleet.keyset(API)), dated(fleet)) == (["active", "standby"], [True, False])
    assert fleet.is_clean()
    value = fleet.keyset(API).keys[1].value
    with pytest.raises(ConflictError):
        run_due(fleet.rotation(), delivery=PUSH)
    hook.unlink()
    fleet.pass_time(hours=2)
    assert run_due(fleet.rotation(), delivery=PUSH).arrived == (API.name,)
    standby = fleet.keyset(API).keys[1]
    assert (standby.since, standby.value) == (fleet.now, value)
    assert tip(fleet, remote) == head(fleet)


@pytest.mark.long
def test_a_date_that_the_server_takes_back_is_not_kept_here(fleet: Fleet, remote: Path) -> None:
    started(fleet)
    hook = takes_back(remote, only="landed")
    done = run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert (done.landed, done.dated, dated(fleet)) == (True, False, [True, False])
    assert tip(fleet, remote) == head(fleet) == done.commit
    assert fleet.is_clean()
    hook.unlink()
    fleet.pass_time(hours=2)
    run_due(fleet.rotation(), delivery=PUSH)
    assert fleet.keyset(API).keys[1].since == fleet.now


@pytest.mark.parametrize("way", ["pushurl", "pushInsteadOf"])
@pytest.mark.long
def test_a_push_that_goes_to_a_fork_has_not_landed(fleet: Fleet, remote: Path, way: str) -> None:
    started(fleet)
    fork = fleet.world.folder / "fork.git"
    fleet.world.git("clone", "-q", "--bare", str(remote), str(fork))
    name = "remote.origin.pushurl" if way == "pushurl" else f"url.{fork}.pushInsteadOf"
    fleet.world.git("config", name, str(fork if way == "pushurl" else remote))
    before = tip(fleet, remote)
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            run_move(fleet.rotation(), API.name, delivery=PUSH)
        assert caught.value.kind == "push-not-kept"
    assert (tip(fleet, remote), dated(fleet)) == (before, [True, False])
    fleet.world.git("config", "--unset", name)
    run_due(fleet.rotation(), delivery=PUSH)
    assert (tip(fleet, remote), dated(fleet)) == (head(fleet), [True, True])


@pytest.mark.long
def test_a_branch_that_is_set_back_begins_the_wait_again(fleet: Fleet, remote: Path) -> None:
    """The old instant would let the new key be used while nobody has it."""
    started(fleet)
    before = tip(fleet, remote)
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    value = fleet.keyset(API).keys[1].value
    fleet.world.git("--git-dir", str(remote), "update-ref", "refs/heads/main", before)
    fleet.pass_time(hours=5)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, Move.PROMOTE, delivery=PUSH)
    assert caught.value.kind == "too-early"
    standby = fleet.keyset(API).keys[1]
    assert (standby.since, standby.value) == (fleet.now, value)
    assert tip(fleet, remote) == head(fleet)
    pushed = fleet.world.git("rev-list", f"{before}..HEAD").split()
    first = fleet.world.git("show", f"{pushed[-1]}:{KEYSET_FILE}")
    assert (len(pushed), first.count("since: null")) == (2, 1)


@pytest.mark.long
def test_a_branch_that_lost_two_moves_does_not_get_them_together(
    fleet: Fleet, remote: Path
) -> None:
    started(fleet)
    before = tip(fleet, remote)
    for _ in ("publish", "promote"):
        run_move(fleet.rotation(), API.name, delivery=PUSH)
        fleet.pass_time(hours=1)
    fleet.world.git("--git-dir", str(remote), "update-ref", "refs/heads/main", before)
    with pytest.raises(FailedError) as caught:
        run_due(fleet.rotation(), delivery=PUSH)
    assert (caught.value.kind, caught.value.facts["place"]) == ("set-back", "origin/main")
    assert tip(fleet, remote) == before
    fleet.world.git("reset", "-q", "--keep", "origin/main")
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert statuses(fleet.keyset(API)) == ["active", "standby"]


@pytest.mark.long
def test_a_branch_that_is_set_back_during_a_run_is_not_moved_over_what_it_lost(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publish and promote would land together."""
    started(fleet)
    before = tip(fleet, remote)
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    fleet.pass_time(hours=1)
    real = Repository.push

    def late(self: Repository, commit: str = "HEAD", **options: str) -> None:
        fleet.world.git("--git-dir", str(remote), "update-ref", "refs/heads/main", before)
        real(self, commit, **options)

    monkeypatch.setattr(Repository, "push", late)
    with pytest.raises(ConflictError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "push-conflict"
    assert tip(fleet, remote) == before
    assert statuses(fleet.keyset(API)) == ["active", "standby"]


@pytest.mark.long
def test_a_push_that_could_not_be_looked_at_is_kept_and_dated_later(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(fleet)
    real = Repository.push

    def then_gone(self: Repository, commit: str = "HEAD", **options: str) -> None:
        real(self, commit, **options)
        remote.rename(remote.with_name("away.git"))

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "push", then_gone)
        with pytest.raises(UnavailableError) as caught:
            run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "push-unseen"
    assert dated(fleet) == [True, False]
    remote.with_name("away.git").rename(remote)
    run_due(fleet.rotation(), delivery=PUSH)
    assert (tip(fleet, remote), dated(fleet)) == (head(fleet), [True, True])


@pytest.mark.long
def test_a_push_that_one_of_two_addresses_refuses_has_landed_where_it_is_read(
    fleet: Fleet, remote: Path
) -> None:
    started(fleet)
    copy = fleet.world.folder / "copy.git"
    fleet.world.git("clone", "-q", "--bare", str(remote), str(copy))
    hook = copy / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    fleet.world.git("remote", "set-url", "--add", "origin", str(copy))
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert (tip(fleet, remote), dated(fleet)) == (head(fleet), [True, True])


# -- which remote


@pytest.mark.long
def test_two_remotes_are_not_none(fleet: Fleet, remote: Path) -> None:
    fleet.world.git("remote", "rename", "origin", "forgejo")
    fleet.world.git("branch", "--unset-upstream")
    fleet.world.git("remote", "add", "github", str(fleet.world.folder / "other.git"))
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    assert dated(fleet) == [False]
    with pytest.raises(UsageError) as caught:
        run_due(fleet.rotation(), delivery=PUSH)
    assert caught.value.kind == "ambiguous-remote"
    named = fleet.rotation()
    named.workspace.repository = replace(named.workspace.repository, deployed_remote="forgejo")
    run_due(named, delivery=PUSH)
    assert (tip(fleet, remote), dated(fleet)) == (head(fleet), [True])


def test_an_address_as_upstream_is_a_remote(fleet: Fleet) -> None:
    fleet.world.git("config", "branch.main.remote", str(fleet.world.folder / "o.git"))
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    assert dated(fleet) == [False]


@pytest.mark.parametrize("delivery", [COMMIT, PUSH], ids=["commit", "push"])
def test_a_remote_of_the_settings_that_is_not_there_is_a_wrong_call(
    fleet: Fleet, delivery: Delivery
) -> None:
    rotation = fleet.rotation()
    rotation.workspace.repository = replace(rotation.workspace.repository, deployed_remote="gone")
    with pytest.raises(UsageError) as caught:
        init_keyset(rotation, API.name, FRESH, delivery=delivery)
    assert caught.value.kind == "unknown-remote"


# -- what is pushed


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


# -- what is deployed is what is here


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
