"""Clocks that are wrong: behind the newest move, far ahead of it, and dates of strangers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.rotation.apply import confirm_keyset, run_due, run_move
from plana_secrets.rotation.clock import ClockError, find_far_behind, longest_wait
from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.inforce import record_terms
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.keyset import Move, found_keyset
from plana_secrets.rotation.landing import Delivery
from tests.rotation.examples import API, COMMIT, FRESH, JWT, PUSH, START, after, counting_material
from tests.rotation.fleet import PORTAL, Fleet

pytestmark = pytest.mark.long


def refusal(fleet: Fleet, *, delivery: Delivery = COMMIT, **options: object) -> str:
    with pytest.raises(ClockError) as caught:
        run_move(fleet.rotation(**options), API.name, delivery=delivery)
    return caught.value.kind


def test_a_move_is_dated_by_the_clock_of_its_run(fleet: Fleet) -> None:
    done = init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT).moved
    dates = fleet.world.git("show", "-s", "--format=%at %ct", str(done.commit)).split()
    assert dates == [str(int(START.timestamp()))] * 2


@pytest.mark.long
def test_a_clock_behind_the_newest_move_of_any_keyset_is_refused(
    fleet: Fleet, remote: Path
) -> None:
    """The move bears no instant yet; from this clock it would get one before it was made."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    fleet.pass_time(hours=3)
    init_keyset(fleet.rotation(), JWT.name, FRESH, delivery=COMMIT)
    fleet.world.git("push", "-q")
    fleet.pass_time(hours=-2)
    assert refusal(fleet, delivery=PUSH) == "clock-backwards"
    with pytest.raises(ClockError):
        confirm_keyset(fleet.rotation(), API.name, delivery=PUSH)
    due = run_due(fleet.rotation(), delivery=PUSH)
    assert (due.arrived, due.moved) == ((), ())
    assert {one.problem for one in due.keysets} == {"clock-backwards"}
    fleet.pass_time(hours=2)
    assert run_due(fleet.rotation(), delivery=PUSH).arrived == (JWT.name,)


@pytest.mark.long
def test_of_moves_with_odd_dates_the_last_one_counts(fleet: Fleet) -> None:
    """Else one wrong clock would stop every later run, also after its move was put right."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    fleet.pass_time(days=20)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    fleet.pass_time(days=-20)
    assert refusal(fleet) == "clock-backwards"
    fleet.world.git("checkout", "-q", "HEAD^", "--", ".")
    by_hand(fleet, f"Rotate {API.name}: abort", fleet.now)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)


@pytest.mark.long
def test_a_person_may_say_that_the_clock_of_a_move_was_wrong(fleet: Fleet, remote: Path) -> None:
    """It was ahead, and its move was never dated: there is no instant to take back."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    fleet.pass_time(days=20)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    fleet.pass_time(days=-19)
    assert run_due(fleet.rotation(), delivery=PUSH).arrived == ()
    with pytest.raises(ClockError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert caught.value.facts["name"] == API.name
    run_due(fleet.rotation(trust_clock=lambda *_: True), delivery=PUSH)
    assert fleet.keyset(API).keys[1].since == fleet.now
    run_due(fleet.rotation(), delivery=PUSH)


def by_hand(fleet: Fleet, subject: str, date: datetime, *options: str) -> None:
    """A commit with the words of a move and a date of choice."""
    body = f"Rotation r{7:016x}, version 2."
    seconds = f"@{int(date.timestamp())} +0000"
    fleet.world.git("add", "-A")
    fleet.world.command(
        "git", "commit", "-q", "-m", subject, "-m", body, *options,
        env={"GIT_COMMITTER_DATE": seconds},
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("what", ["another leaf", "another file", "other words"])
def test_the_date_of_a_commit_that_is_no_move_stops_nothing(fleet: Fleet, what: str) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    run_move(fleet.rotation(), API.name)
    if what == "another leaf":
        fleet.world.sops("set", PORTAL, '["stringData"]["OTHER"]', '"x"')
    if what == "another file":
        (fleet.world.repo / "README").write_text("x")
    subject = "words" if what == "other words" else f"Rotate {API.name}: publish"
    by_hand(fleet, subject, fleet.now + timedelta(days=500))
    fleet.pass_time(hours=1)
    run_due(fleet.rotation(), delivery=COMMIT)
    assert fleet.keyset(API).keys[1].since == fleet.now


@pytest.mark.long
def test_a_clock_far_ahead_of_everything_is_refused_unless_a_person_says_it_is_right(
    fleet: Fleet,
) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    fleet.pass_time(days=400)
    before = fleet.commits()
    assert refusal(fleet) == "clock-ahead"
    assert run_due(fleet.rotation(), delivery=COMMIT).keysets[0].problem == "clock-ahead"
    with pytest.raises(FailedError):
        run_move(fleet.rotation(), API.name, Move.ABORT)
    assert fleet.commits() == before
    asked: list[tuple[datetime, datetime]] = []

    def trust(newest: datetime, now: datetime) -> bool:
        asked.append((newest, now))
        return True

    run_move(fleet.rotation(trust_clock=trust), API.name, delivery=COMMIT)
    assert asked == [(START, fleet.now)]
    fleet.pass_time(hours=1)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)


def test_how_far_ahead_is_told_by_the_longest_wait() -> None:
    policies = (API, JWT)
    keyset = stamp(found_keyset(JWT.name, JWT.kind, counting_material()()), START)
    assert longest_wait(policies, [keyset]) == timedelta(days=90)
    assert find_far_behind(None, [], policies, START) is None
    edge = START + timedelta(days=135)
    assert find_far_behind(None, [keyset], policies, edge) is None
    assert find_far_behind(None, [keyset], policies, edge + timedelta(seconds=1)) == START
    later = START + timedelta(days=1)
    assert find_far_behind(later, [keyset], policies, edge + timedelta(days=1)) is None
    assert find_far_behind(later, [], policies, edge + timedelta(days=2)) == later


def test_a_job_may_be_off_for_a_month_whatever_the_waits_are() -> None:
    short = replace(API, max_age=timedelta(hours=1), grace=timedelta(0))
    month = START + timedelta(days=30)
    assert find_far_behind(START, [], [short], month) is None
    assert find_far_behind(START, [], [short], month + timedelta(seconds=1)) == START


def test_a_rotation_that_began_under_longer_waits_explains_more() -> None:
    long = replace(JWT, max_token_lifetime=timedelta(days=200))
    keyset = stamp(found_keyset(JWT.name, JWT.kind, counting_material()()), START)
    published = after(keyset, Move.PUBLISH, long, START, counting_material())
    recorded = record_terms(keyset, published, long)
    assert longest_wait((JWT,), [recorded]) > timedelta(days=200)


@pytest.mark.long
def test_a_shallow_clone_knows_the_time_from_the_keysets(fleet: Fleet, remote: Path) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    (fleet.world.repo / "README").write_text("x")
    fleet.world.commit("by hand")
    fleet.world.git("push", "-q")
    fleet.pass_time(days=400)
    place = fleet.world.folder / "job"
    fleet.world.git("clone", "-q", "--depth", "1", f"file://{remote}", str(place))
    due = run_due(fleet.rotation(place), delivery=PUSH)
    assert due.keysets[0].problem == "clock-ahead"
