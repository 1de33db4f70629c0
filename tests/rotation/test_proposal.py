"""Moves on branches of their own, where only a pull request may change the deployed one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError, FailedError, UsageError
from plana_secrets.rotation.apply import Due, run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.landing import Delivery
from plana_secrets.rotation.proposal import branch_of, check_branches
from plana_secrets.rotation.redate import redate_keyset
from tests.rotation.examples import API, statuses
from tests.rotation.fleet import PROVIDER, Fleet

PROPOSE, PUSH = Delivery(propose="rotation/"), Delivery(push=True)
BRANCH = "rotation/pulse-data--portal"


@pytest.fixture
def protected(fleet: Fleet, remote: Path) -> Path:
    """The remote with a keyset that is deployed; from now on it takes no push to main."""
    fleet.policies = (API,)
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=PUSH)
    fleet.pass_time(hours=1)
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nwhile read old new ref; do [ $ref != refs/heads/main ] || [ $MERGING ] ||"
        " { echo GH006: Protected branch update failed >&2; exit 1; }; done\n"
    )
    hook.chmod(0o755)
    return remote


def git(fleet: Fleet, *argv: str, **env: str) -> str:
    return fleet.world.command("git", *argv, env=env).stdout.strip()


def tip(fleet: Fleet, branch: str) -> str:
    return git(fleet, "ls-remote", "origin", f"refs/heads/{branch}").partition("\t")[0]


def merge(fleet: Fleet, *, squash: bool = False) -> None:
    """What a person does on the server; then the clone of the next job is at the new tip."""
    git(fleet, "fetch", "-q", "origin", BRANCH)
    if squash:
        git(fleet, "merge", "-q", "--squash", "FETCH_HEAD")
        git(fleet, "commit", "-q", "-m", "squashed")
    else:
        git(fleet, "merge", "-q", "--no-ff", "-m", "merged", "FETCH_HEAD")
    git(fleet, "push", "-q", "origin", "main", MERGING="1")


def run(fleet: Fleet) -> Due:
    return run_due(fleet.rotation(), delivery=PROPOSE)


@pytest.mark.long
def test_the_push_to_a_protected_branch_says_so(fleet: Fleet, protected: Path) -> None:
    with pytest.raises(FailedError, match="GH006: Protected branch") as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.kind == "protected-branch"


@pytest.mark.parametrize(
    "squash", [True, pytest.param(False, marks=pytest.mark.long)], ids=["squashed", "merged"]
)
def test_a_rotation_goes_through_pull_requests(
    fleet: Fleet, protected: Path, *, squash: bool
) -> None:
    before = tip(fleet, "main")
    files = git(fleet, "status", "--porcelain"), git(fleet, "rev-parse", "HEAD")
    first = run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert first.proposal
    assert (first.move, first.proposal.branch, first.proposal.into) == ("publish", BRANCH, "main")
    assert (first.landed, first.dated) == (False, False)
    # the clone and the deployed branch are as they were
    assert (git(fleet, "status", "--porcelain"), git(fleet, "rev-parse", "HEAD")) == files
    assert tip(fleet, "main") == before
    assert statuses(fleet.keyset(API)) == ["active"]
    assert tip(fleet, BRANCH) == first.commit

    # a branch that waits is left alone: of one rotation one new value is ever visible
    fleet.pass_time(days=1)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert caught.value.kind == "proposed-already"
    waiting = run(fleet)
    assert [one.branch for one in waiting.waiting] == [BRANCH]
    assert not waiting.moved
    assert tip(fleet, BRANCH) == first.commit
    with pytest.raises(FailedError) as caught:
        init_keyset(fleet.rotation(), API.name, Source(), delivery=PROPOSE)
    assert (caught.value.kind, tip(fleet, BRANCH)) == ("proposed-already", first.commit)

    # merged, it is dated by a second pull request, and only then does the wait begin
    merge(fleet, squash=squash)
    (dated,) = run(fleet).moved
    assert dated.move == "landed"
    assert dated.proposal
    assert not fleet.keyset(API).has_landed
    fleet.pass_time(days=1)
    assert not run(fleet).moved
    merge(fleet, squash=squash)
    latest = fleet.keyset(API).latest
    assert latest
    assert fleet.now - timedelta(days=1) <= latest < fleet.now  # when it was seen, not merged

    # and what comes next has its turn
    fleet.pass_time(days=1)
    (promoted,) = run(fleet).moved
    assert promoted.move == Move.PROMOTE
    assert promoted.proposal


@pytest.mark.long
def test_a_wrong_date_and_a_first_version_are_proposed_too(fleet: Fleet, protected: Path) -> None:
    fleet.pass_time(days=-3)
    redated = redate_keyset(fleet.rotation(), API.name, delivery=PROPOSE)
    assert redated.proposal
    assert (redated.move, tip(fleet, BRANCH)) == ("redate", redated.commit)
    assert fleet.keyset(API).has_landed  # here nothing changes
    merge(fleet)
    assert not fleet.keyset(API).has_landed


@pytest.mark.long
def test_a_branch_that_was_overtaken_gives_way(fleet: Fleet, protected: Path) -> None:
    old = run_move(fleet.rotation(), API.name, delivery=PROPOSE).commit
    (protected / "hooks" / "pre-receive").unlink()
    run_move(fleet.rotation(), API.name, delivery=PUSH)
    run_due(fleet.rotation(), delivery=PUSH)
    fleet.pass_time(days=1)
    (moved,) = run(fleet).moved
    assert moved.proposal
    assert tip(fleet, BRANCH) == moved.commit != old


@pytest.mark.long
def test_the_branch_of_a_person_is_never_overwritten(fleet: Fleet, protected: Path) -> None:
    git(fleet, "switch", "-q", "-c", "other")
    git(fleet, "commit", "-q", "--allow-empty", "-m", "by hand")
    git(fleet, "push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")
    theirs = tip(fleet, BRANCH)
    git(fleet, "switch", "-q", "main")
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert caught.value.kind == "branch-taken"
    assert tip(fleet, BRANCH) == theirs
    (status,) = run(fleet).keysets  # with --due, the others would go on
    assert status.problem == "branch-taken"


@pytest.mark.long
def test_a_branch_that_the_server_cannot_create_is_no_race(fleet: Fleet, protected: Path) -> None:
    git(fleet, "push", "-q", "origin", "main:refs/heads/rotation")
    with pytest.raises(FailedError, match="similar name") as caught:
        run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert caught.value.kind == "branch-taken"


@pytest.mark.long
def test_a_branch_that_can_no_longer_be_merged_is_written_again(
    fleet: Fleet, protected: Path
) -> None:
    """Another leaf of a target was changed: git cannot merge two MACs."""
    old = run_move(fleet.rotation(), API.name, delivery=PROPOSE).commit
    text = fleet.world.decrypt(PROVIDER)
    fleet.world.encrypt(PROVIDER, text.replace("stays as it is", "changed by hand"))
    fleet.world.commit("by hand")
    git(fleet, "push", "-q", "origin", "main", MERGING="1")
    (protected / "config").write_text(
        (protected / "config").read_text() + "[receive]\n\tdenyNonFastForwards = true\n"
    )
    with pytest.raises(FailedError, match="cannot be replaced") as caught:
        run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert caught.value.kind == "branch-taken"
    git(fleet, "-C", str(protected), "config", "receive.denyNonFastForwards", "false")
    new = run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert tip(fleet, BRANCH) == new.commit != old
    merge(fleet)


def test_a_clone_that_is_not_what_is_deployed_proposes_nothing(
    fleet: Fleet, protected: Path
) -> None:
    (fleet.world.repo / "note").write_text("x")
    fleet.world.commit("by hand")
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert caught.value.kind == "unpushed-work"
    git(fleet, "push", "-q", "origin", "main", MERGING="1")
    git(fleet, "reset", "-q", "--hard", "HEAD~1")
    with pytest.raises(ConflictError) as behind:
        run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert behind.value.kind == "behind-remote"


@pytest.mark.long
def test_an_uncommitted_change_does_not_go_along(fleet: Fleet, protected: Path) -> None:
    text = fleet.world.decrypt(PROVIDER).replace("stays as it is", "changed by hand")
    fleet.world.encrypt(PROVIDER, text)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PROPOSE)
    assert caught.value.kind in {"uncommitted-changes", "not-as-deployed"}
    assert not tip(fleet, BRANCH)


@pytest.mark.long
def test_a_dry_run_pushes_nothing(fleet: Fleet, protected: Path) -> None:
    run_move(fleet.rotation(), API.name, delivery=PROPOSE, dry_run=True)
    assert not tip(fleet, BRANCH)


@pytest.mark.parametrize(
    "prefix", ["", "-x", "a b", "a..", "/a", "a//", "a.lock/", "refs~1/", "a\n"]
)
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError) as caught:
        branch_of(prefix, "app")
    assert caught.value.kind == "bad-branch"


def test_no_branch_is_for_two_things(fleet: Fleet) -> None:
    fleet.policies = (API,)
    fleet.branch = "a-pulse-data--portal"
    with pytest.raises(UsageError):
        check_branches(fleet.rotation(), "a-")
    check_branches(fleet.rotation(), "b-")
