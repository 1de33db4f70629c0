"""The machine, move by move: which are possible, when, and what they leave behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.inforce import conditions_of
from plana_secrets.rotation.instants import format_instant, parse_instant
from plana_secrets.rotation.keyset import (
    MAX_LIVE_KEYS,
    Conditions,
    Key,
    Keyset,
    Move,
    MoveNotAllowed,
    Reason,
    Status,
    check_move,
    confirm,
    find_faults,
    found_keyset,
)
from plana_secrets.rotation.policy import KeysetPolicy
from tests.rotation.examples import (
    API,
    JWT,
    MINUTE,
    START,
    after,
    counting_material,
    never_material,
    places,
    statuses,
)


def founded(policy: KeysetPolicy = API, make=None) -> Keyset:
    keyset = found_keyset(policy.name, policy.kind, (make or counting_material())())
    return stamp(keyset, START)


def refused(keyset: Keyset, move: Move, policy: KeysetPolicy, now: datetime) -> Reason:
    with pytest.raises(MoveNotAllowed) as caught:
        after(keyset, move, policy, now)
    return caught.value.refusal.reason


@pytest.mark.parametrize("policy", [API, JWT], ids=["api-key", "jwt-hs256"])
def test_a_rotation_passes_through_all_statuses(policy: KeysetPolicy) -> None:
    make, now = counting_material(), START
    keyset = founded(policy, make)
    seen = [statuses(keyset)]
    for move in (Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.DESTROY):
        now += timedelta(days=10)
        keyset = stamp(after(keyset, move, policy, now, make), now)
        assert find_faults(keyset) == ()
        seen.append(statuses(keyset))
    assert seen == [
        ["active"],
        ["active", "standby"],
        ["retiring", "active"],
        ["disabled", "active"],
        ["destroyed", "active"],
    ]
    assert keyset.version == 5
    assert keyset.keys[0].value is None
    assert keyset.keys[0].fingerprint is not None


STATES = {
    "stable": [],
    "published": [Move.PUBLISH],
    "promoted": [Move.PUBLISH, Move.PROMOTE],
    "retired": [Move.PUBLISH, Move.PROMOTE, Move.RETIRE],
    "destroyed": [Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.DESTROY],
    "aborted": [Move.PUBLISH, Move.ABORT],
    "demoted": [Move.PUBLISH, Move.PROMOTE, Move.DEMOTE],
    "reinstated": [Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.REINSTATE],
    "retired beside a standby": [Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.PUBLISH],
}
POSSIBLE = {
    "stable": {Move.PUBLISH},
    "published": {Move.PROMOTE, Move.ABORT},
    "promoted": {Move.RETIRE, Move.DEMOTE},
    "retired": {Move.PUBLISH, Move.DESTROY, Move.REINSTATE},
    "destroyed": {Move.PUBLISH},
    "aborted": {Move.PUBLISH},
    "demoted": {Move.RETIRE, Move.DEMOTE},
    "reinstated": {Move.RETIRE, Move.DEMOTE},
    "retired beside a standby": {Move.PROMOTE, Move.ABORT, Move.DESTROY},
}


@pytest.mark.parametrize("state", STATES)
def test_in_each_state_exactly_these_moves_are_possible(state: str) -> None:
    make, now = counting_material(), START
    keyset = founded(API, make)
    for move in STATES[state]:
        now += timedelta(days=30)
        keyset = stamp(after(keyset, move, API, now, make), now)
    now += timedelta(days=30)
    possible = {
        move for move in Move if check_move(keyset, move, conditions_of(keyset, API), now) is None
    }
    assert possible == POSSIBLE[state]


@pytest.mark.parametrize("state", STATES)
def test_no_move_is_possible_while_the_one_before_has_not_landed(state: str) -> None:
    make, now = counting_material(), START
    keyset = founded(API, make)
    for move in STATES[state]:
        now += timedelta(days=30)
        keyset = after(stamp(keyset, now - timedelta(days=30)), move, API, now, make)
    if not STATES[state]:
        keyset = found_keyset(API.name, API.kind, make())
    for move in POSSIBLE[state]:
        refusal = check_move(keyset, move, conditions_of(keyset, API), now + timedelta(days=30))
        assert refusal is not None
        assert refusal.reason is Reason.NOT_LANDED


@pytest.mark.parametrize(
    ("policy", "moves", "move", "wait"),
    [
        (API, [Move.PUBLISH], Move.PROMOTE, 30 * MINUTE),
        (API, [Move.PUBLISH, Move.PROMOTE], Move.RETIRE, 90 * MINUTE),
        (API, [Move.PUBLISH, Move.PROMOTE, Move.RETIRE], Move.DESTROY, 30 * MINUTE + 7 * timedelta(days=1)),
        (JWT, [Move.PUBLISH], Move.PROMOTE, 30 * MINUTE),
        (JWT, [Move.PUBLISH, Move.PROMOTE], Move.RETIRE, 46 * MINUTE),
        (JWT, [Move.PUBLISH, Move.PROMOTE, Move.DEMOTE], Move.RETIRE, 46 * MINUTE),
        (JWT, [Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.REINSTATE], Move.DEMOTE, 30 * MINUTE),
        (replace(JWT, cache=10 * MINUTE), [Move.PUBLISH, Move.PROMOTE, Move.RETIRE], Move.DESTROY, 40 * MINUTE + 7 * timedelta(days=1)),
    ],
)  # fmt: skip
def test_a_wait_counts_from_the_landing_and_ends_on_the_second(
    policy: KeysetPolicy, moves: list[Move], move: Move, wait: timedelta
) -> None:
    make, now = counting_material(), START
    keyset = founded(policy, make)
    for step in moves:
        now += timedelta(days=30)
        made = after(keyset, step, policy, now, make)
        now += timedelta(hours=5)  # the time until it landed does not count
        keyset = stamp(made, now)
    refusal = check_move(
        keyset, move, conditions_of(keyset, policy), now + wait - timedelta(seconds=1)
    )
    assert refusal is not None
    assert refusal.reason is Reason.TOO_EARLY
    assert refusal.not_before == now + wait
    assert check_move(keyset, move, conditions_of(keyset, policy), now + wait) is None


def test_landing_is_never_dated_before_it_happened() -> None:
    keyset = found_keyset(API.name, API.kind, counting_material()())
    half_past = START + timedelta(milliseconds=500)
    assert stamp(keyset, half_past).active.since == START + timedelta(seconds=1)
    assert stamp(keyset, START).active.since == START


def test_stamping_dates_only_what_has_no_date() -> None:
    make = counting_material()
    published = after(founded(API, make), Move.PUBLISH, API, START, make)
    stamped = stamp(published, START + MINUTE)
    assert [key.since for key in stamped.keys] == [START, START + MINUTE]
    assert stamped.version == published.version


def test_a_clock_that_went_backwards_is_refused_with_the_time_it_has_to_reach() -> None:
    keyset = founded()
    refusal = check_move(
        keyset, Move.PUBLISH, conditions_of(keyset, API), START - timedelta(hours=1)
    )
    assert refusal is not None
    assert (refusal.reason, refusal.not_before) == (Reason.CLOCK, START)
    assert check_move(keyset, Move.PUBLISH, conditions_of(keyset, API), START - MINUTE) is None


def test_a_second_publish_neither_passes_nor_generates() -> None:
    make = counting_material()
    keyset = stamp(after(founded(API, make), Move.PUBLISH, API, START, make), START)
    assert refused(keyset, Move.PUBLISH, API, START + timedelta(days=30)) is Reason.WRONG_PHASE


def test_a_refused_publish_generates_nothing() -> None:
    unlanded = found_keyset(API.name, API.kind, counting_material()())
    with pytest.raises(MoveNotAllowed):
        after(unlanded, Move.PUBLISH, API, START, never_material)


def test_raw_readers_stop_promote_by_name_and_nothing_else() -> None:
    policy = replace(JWT, raw_targets=places("infra/secrets/prod/old.yaml#jwt"))
    make = counting_material()
    keyset = stamp(after(founded(policy, make), Move.PUBLISH, policy, START, make), START)
    refusal = check_move(
        keyset, Move.PROMOTE, conditions_of(keyset, policy), START + timedelta(days=1)
    )
    assert refusal is not None
    assert refusal.reason is Reason.SINGLE_READER
    assert refusal.names == tuple(map(str, policy.raw_targets))
    assert check_move(keyset, Move.ABORT, conditions_of(keyset, policy), START) is None


def test_promote_and_retire_wait_for_every_external_caller() -> None:
    policy = replace(API, external_callers=("acme", "zeta"))
    make, now = counting_material(), START + timedelta(days=1)
    keyset = stamp(after(founded(policy, make), Move.PUBLISH, policy, START, make), START)
    for move in (Move.PROMOTE, Move.RETIRE):
        refusal = check_move(keyset, move, conditions_of(keyset, policy), now)
        assert refusal is not None
        assert (refusal.reason, refusal.names) == (Reason.UNCONFIRMED, ("acme", "zeta"))
        half = confirm(keyset, ("zeta",))
        refusal = check_move(half, move, conditions_of(half, policy), now)
        assert refusal is not None
        assert refusal.names == ("acme",)
        keyset = stamp(after(confirm(half, ("acme",)), move, policy, now), now)
        assert keyset.confirmed == ()
        now += timedelta(days=1)


def test_where_pods_are_reloaded_by_hand_time_alone_moves_nothing() -> None:
    for policy in (replace(API, reload="manual"), replace(JWT, reload="manual")):
        assert conditions_of(founded(policy), policy).awaited == ("reload",)


def test_values_that_wait_for_their_grace_do_not_pile_up() -> None:
    make, now = counting_material(), START
    keyset = founded(API, make)
    for _ in range(MAX_LIVE_KEYS - 1):
        for move in (Move.PUBLISH, Move.PROMOTE, Move.RETIRE):
            now += timedelta(hours=2)
            keyset = stamp(after(keyset, move, API, now, make), now)
    refusal = check_move(keyset, Move.PUBLISH, conditions_of(keyset, API), now)
    assert refusal is not None
    assert refusal.reason is Reason.TOO_MANY
    oldest = keyset.first(Status.DISABLED)
    assert oldest is not None
    assert oldest.since is not None
    assert refusal.not_before == oldest.since + conditions_of(keyset, API).destroy


def test_a_kid_says_nothing_about_its_key() -> None:
    make = counting_material()
    keyset = founded(API, make)
    fault = replace(keyset.active, kid="123e4567")
    assert find_faults(replace(keyset, keys=(fault,)))


@pytest.mark.parametrize(
    "statuses_",
    [
        [],
        [Status.STANDBY],
        [Status.ACTIVE, Status.ACTIVE],
        [Status.ACTIVE, Status.STANDBY, Status.RETIRING],
        [Status.ACTIVE, Status.RETIRING, Status.RETIRING],
        [Status.ACTIVE, *[Status.DISABLED] * MAX_LIVE_KEYS],
    ],
)
def test_keysets_that_no_move_makes_are_faulty(statuses_: list[Status]) -> None:
    material = counting_material()
    keys = []
    for status in statuses_:
        made = material()
        keys.append(Key(made.kid, status, START, made.value))
    assert find_faults(Keyset("a", "api-key", 1, "r1", tuple(keys)))


def test_instants_have_one_spelling() -> None:
    assert parse_instant(format_instant(START)) == START
    for text in ("2026-11-23T10:00:00+00:00", "2026-11-23 10:00:00Z", "2026-1-3T10:00:00Z", ""):
        with pytest.raises(ValueError):
            parse_instant(text)


def test_conditions_need_no_more_than_three_waits_and_two_lists() -> None:
    """A caller without externals, raw places or hands waits for time alone."""
    assert conditions_of(founded(), API) == Conditions(
        30 * MINUTE, 90 * MINUTE, 30 * MINUTE + timedelta(days=7)
    )
