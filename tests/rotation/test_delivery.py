"""How a move reaches the branch that readers fetch, and what of it carries an instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from plana_secrets.rotation.apply import confirm_keyset, run_due, run_move
from plana_secrets.rotation.keyset import Keyset
from tests.rotation.examples import API, COMMIT, PUSH
from tests.rotation.memory import KEYSET, Ground, kind_of
from tests.simulation.contents import WORK
from tests.simulation.memory import Commit


def keysets(ground: Ground, since: str | None) -> list[Keyset]:
    """What each commit after ``since`` says on the remote, the oldest first."""
    names = ground.server.lineage()
    new = names[: names.index(since)] if since else names
    contents = [ground.server.contents(one)[KEYSET] for one in reversed(new)]
    return [ground.clone.registry.keysets[one] for one in contents]


def instants(keyset: Keyset) -> list[bool]:
    return [key.since is not None for key in keyset.keys]


def test_a_move_arrives_without_an_instant_and_a_second_commit_dates_it() -> None:
    ground = Ground()
    base = ground.server.tip
    done = run_move(ground.rotation(), API.name, delivery=PUSH)
    assert (done.landed, done.dated, done.commit) == (True, True, ground.server.lineage()[1])
    assert [instants(one) for one in keysets(ground, base)] == [[True, False], [True, True]]


def test_a_commit_that_is_not_pushed_has_not_landed() -> None:
    ground = Ground()
    done = run_move(ground.rotation(), API.name, delivery=COMMIT)
    assert (done.landed, done.dated) == (False, False)
    assert instants(ground.keyset()) == [True, False]


def test_what_changes_nothing_for_readers_is_one_commit() -> None:
    from dataclasses import replace

    ground = Ground((replace(API, external_callers=("acme",)),))
    run_move(ground.rotation(), API.name, delivery=PUSH)
    base = ground.server.tip
    confirm_keyset(ground.rotation(), API.name, delivery=PUSH)
    assert len(keysets(ground, base)) == 1


def after(pushes: int, act: Callable[[], object], ground: Ground, *, before: bool = False) -> None:
    """Let ``act`` happen right after (or before) the push of this number."""
    done: list[int] = []

    def push(real: Callable[[], None]) -> None:
        done.append(1)
        if before and len(done) == pushes:
            act()
        real()
        if not before and len(done) == pushes:
            act()

    ground.line.push = push  # type: ignore[method-assign]


def others_push(ground: Ground) -> None:
    """A commit of another person, on what the remote has."""
    tip = ground.server.tip
    assert tip is not None
    ground.server.tip = ground.server.commit(Commit(tip, ground.server.contents(tip), WORK, None))


def test_a_move_that_could_not_be_dated_counts_and_is_dated_by_the_next_run() -> None:
    ground = Ground()
    after(1, lambda: others_push(ground), ground)
    done = run_move(ground.rotation(), API.name, delivery=PUSH)
    assert (done.landed, done.dated) == (True, False)
    assert instants(ground.keyset()) == [True, False]
    del ground.line.push  # type: ignore[attr-defined]
    ground.clone.reset()
    ground.now += timedelta(hours=1)
    assert run_due(ground.rotation(), delivery=PUSH).arrived == (API.name,)
    assert ground.keyset().keys[1].since == ground.now


def test_a_date_that_the_server_takes_back_is_not_kept_here() -> None:
    ground = Ground()
    after(2, lambda: ground.server.set_back(ground.server.lineage()[1]), ground)
    done = run_move(ground.rotation(), API.name, delivery=PUSH)
    assert (done.landed, done.dated) == (True, False)
    assert ground.clone.head() == ground.server.tip == done.commit
    assert instants(ground.keyset()) == [True, False]


def test_a_branch_that_was_set_back_meanwhile_is_not_moved_over_what_it_lost() -> None:
    ground = Ground()
    base = ground.server.lineage()[-1]
    after(1, lambda: ground.server.set_back(base), ground, before=True)
    before = ground.clone.head()
    assert kind_of(lambda: run_move(ground.rotation(), API.name, delivery=PUSH)) == "push-conflict"
    assert (ground.server.tip, ground.clone.head()) == (base, before)


def test_what_an_earlier_run_left_here_is_pushed_under_a_lease_too() -> None:
    ground = Ground()
    run_move(ground.rotation(), API.name, delivery=COMMIT)
    base = ground.server.lineage()[-1]
    after(1, lambda: ground.server.set_back(base), ground, before=True)
    assert kind_of(lambda: run_due(ground.rotation(), delivery=PUSH)) == "push-conflict"
    assert ground.server.tip == base


def test_a_move_that_an_earlier_run_left_here_is_pushed_and_dated() -> None:
    ground = Ground()
    base = ground.server.tip
    run_move(ground.rotation(), API.name, delivery=COMMIT)
    ground.now += timedelta(hours=1)
    assert run_due(ground.rotation(), delivery=PUSH).arrived == (API.name,)
    assert [instants(one) for one in keysets(ground, base)] == [[True, False], [True, True]]
    assert ground.keyset().keys[1].since == ground.now


def test_a_dry_run_pushes_nothing_that_was_left_here() -> None:
    ground = Ground()
    run_move(ground.rotation(), API.name, delivery=COMMIT)
    before = ground.state()
    run_due(ground.rotation(), delivery=PUSH, dry_run=True)
    assert ground.state() == before


@pytest.mark.parametrize("commits", [1, 2], ids=["the date", "the move"])
def test_an_instant_from_before_the_branch_was_set_back_arrives_in_no_commit(commits: int) -> None:
    """The wait begins when readers can see it again, not when they could see it once."""
    ground = Ground()
    run_move(ground.rotation(), API.name, delivery=PUSH)
    first = ground.now
    base = ground.server.lineage()[commits]
    ground.server.set_back(base)
    ground.now += timedelta(hours=5)
    run_due(ground.rotation(), delivery=PUSH)
    after = keysets(ground, base)
    assert not [key for one in after for key in one.keys[1:] if key.since == first]
    assert ground.keyset().keys[1].since == ground.now
    assert ground.server.tip == ground.clone.head()
