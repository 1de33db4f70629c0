"""A push that is not believed, and a remote that nothing or several things name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError, FailedError, UnavailableError, UsageError
from plana_secrets.git.repository import Repository
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.landing import Delivery
from tests.rotation.examples import API, COMMIT, FRESH, PUSH, statuses
from tests.rotation.fleet import Fleet
from tests.rotation.pushes import KEYSET_FILE, dated, head, started, tip


def takes_back(remote: Path, *, only: str = "") -> Path:
    """A server that says yes and then sets the branch back, if the subject holds ``only``."""
    hook = remote / "hooks/post-receive"
    hook.write_text(
        f"#!/bin/sh\nread old new ref\nunset GIT_QUARANTINE_PATH\n"
        f"git log -1 --format=%s $new | grep -q '{only}' && git update-ref $ref $old\n:\n"
    )
    hook.chmod(0o755)
    return hook


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
