"""Settings that change while a rotation is open, and what a keyset remembers of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plana_secrets.document.edits import EMPTY_CONTENT
from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.inforce import (
    Left,
    conditions_of,
    is_open,
    record_terms,
    waits_of,
)
from plana_secrets.rotation.keyset import (
    IN_USE,
    Keyset,
    Move,
    Reason,
    Status,
    check_move,
    confirm,
    found_keyset,
)
from plana_secrets.rotation.keysetfile import plan_file_edits
from plana_secrets.rotation.policy import KeysetPolicy
from tests.rotation.examples import API, JWT, MINUTE, START, after, counting_material
from tests.rotation.test_keysetfile import read_back, written

DAY = timedelta(days=1)
WAITS = st.sampled_from([0, 1, 20, 90, 3000]).map(lambda one: one * MINUTE)


class ChangingSettings(RuleBasedStateMachine):
    """Every setting changes at any time; the test keeps its own account of what was asked.

    One thing no machine can know: a wait that was raised and lowered again between two
    moves. It is only lowered after a move has seen it.
    """

    policy: KeysetPolicy = JWT

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.make = counting_material()
        keyset = found_keyset(self.policy.name, self.policy.kind, self.make())
        self.keyset = stamp(record_terms(None, keyset, self.policy), START)
        self.content = written(EMPTY_CONTENT, plan_file_edits(None, self.keyset))
        self.longest: dict[str, timedelta] = {}
        self.asked: dict[str, timedelta] = {}
        self.unseen: set[str] = set()
        self.account()

    def account(self) -> None:
        for key in self.keyset.keys:
            if key.status in IN_USE:
                known = self.longest.get(key.kid, timedelta(0))
                self.longest[key.kid] = max(known, self.policy.max_token_lifetime)
        for name in ("rollout", "skew"):
            wait = getattr(self.policy, name)
            self.asked[name] = max(self.asked.get(name, wait), wait)

    @rule(minutes=st.sampled_from([1, 20, 95, 1500, 6000]))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(rollout=WAITS, skew=WAITS, lifetime=WAITS, cache=WAITS)
    def change(
        self, rollout: timedelta, skew: timedelta, lifetime: timedelta, cache: timedelta
    ) -> None:
        waits = {"rollout": rollout, "skew": skew, "max_token_lifetime": lifetime}
        for name, wait in waits.items():
            present = getattr(self.policy, name)
            if wait > present:
                self.unseen.add(name)
            elif name in self.unseen:
                waits[name] = present
        self.policy = replace(self.policy, cache=cache, **waits)
        self.account()

    @rule(move=st.sampled_from(list(Move)), later=st.sampled_from([0, 5]))
    def try_move(self, move: Move, later: int) -> None:
        conditions = conditions_of(self.keyset, self.policy)
        if check_move(self.keyset, move, conditions, self.now) is not None:
            return
        self.judge(move)
        before = self.keyset
        made = after(before, move, self.policy, self.now, self.make)
        if move is Move.PUBLISH:
            self.asked = {}
        self.wait(later)
        self.keyset = stamp(made, self.now)
        self.unseen = set()
        self.account()
        self.content = written(self.content, plan_file_edits(before, self.keyset))

    def judge(self, move: Move) -> None:
        """By our own account the time of a permitted move has come."""
        standby, retiring = (
            self.keyset.first(status) for status in (Status.STANDBY, Status.RETIRING)
        )
        if move is Move.PROMOTE:
            assert self.now >= standby.since + self.asked["rollout"]
        if move is Move.RETIRE:
            tail = self.asked["rollout"] + self.longest[retiring.kid] + self.asked["skew"]
            assert self.now >= retiring.since + tail

    @invariant()
    def the_file_says_the_same(self) -> None:
        assert read_back(self.content) == self.keyset


TestChangingSettings = ChangingSettings.TestCase
TestChangingSettings.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def promoted(policy: KeysetPolicy) -> tuple[Keyset, datetime]:
    make, now = counting_material(), START
    keyset = found_keyset(policy.name, policy.kind, make())
    keyset = stamp(record_terms(None, keyset, policy), now)
    for move in (Move.PUBLISH, Move.PROMOTE):
        now += 30 * DAY
        keyset = stamp(after(keyset, move, policy, now, make), now)
    return keyset, now


def opens(keyset: Keyset, policy: KeysetPolicy, now: datetime) -> datetime | None:
    refusal = check_move(keyset, Move.RETIRE, conditions_of(keyset, policy), now)
    return refusal.not_before if refusal else None


@pytest.mark.parametrize(
    ("policy", "name"), [(JWT, "max_token_lifetime"), (API, "drain"), (JWT, "skew")]
)
def test_a_wait_lowered_after_promote_is_kept_and_a_raised_one_counts(
    policy: KeysetPolicy, name: str
) -> None:
    long, short = replace(policy, **{name: 30 * DAY}), replace(policy, **{name: MINUTE})
    keyset, now = promoted(long)
    assert opens(keyset, short, now) == opens(keyset, long, now)
    keyset, now = promoted(short)
    assert opens(keyset, long, now) == now + conditions_of(keyset, long).retire


def test_a_wait_lowered_between_publish_and_promote_counts_until_the_end() -> None:
    slow = replace(JWT, rollout=5 * DAY)
    make = counting_material()
    keyset = stamp(record_terms(None, found_keyset(JWT.name, JWT.kind, make()), slow), START)
    keyset = stamp(after(keyset, Move.PUBLISH, slow, START, make), START)
    now = START + 6 * DAY
    keyset = stamp(after(keyset, Move.PROMOTE, JWT, now), now)
    assert opens(keyset, JWT, now) == now + conditions_of(keyset, slow).retire


def test_a_lifetime_lowered_before_publish_is_that_of_the_tokens_that_are_out() -> None:
    """The key signed for a month under 30 days; the rotation began under 15 minutes."""
    long = replace(JWT, max_token_lifetime=30 * DAY)
    make, now = counting_material(), START
    keyset = stamp(record_terms(None, found_keyset(JWT.name, JWT.kind, make()), long), now)
    for move in (Move.PUBLISH, Move.PROMOTE):
        now += DAY
        keyset = stamp(after(keyset, move, JWT, now, make), now)
    assert opens(keyset, JWT, now) == now + JWT.rollout + 30 * DAY + JWT.skew
    now += 31 * DAY
    keyset = stamp(after(keyset, Move.RETIRE, JWT, now), now)
    for move in (Move.PUBLISH, Move.PROMOTE):
        now += DAY
        keyset = stamp(after(keyset, move, JWT, now, make), now)
    assert opens(keyset, JWT, now) == now + JWT.rollout + JWT.max_token_lifetime + JWT.skew


def test_callers_and_reload_are_those_under_which_the_rotation_began() -> None:
    began = replace(API, external_callers=("acme",), reload="manual")
    make = counting_material()
    keyset = stamp(record_terms(None, found_keyset(API.name, API.kind, make()), began), START)
    keyset = stamp(after(keyset, Move.PUBLISH, began, START, make), START)
    now = replace(API, external_callers=("zeta",))
    assert conditions_of(keyset, now).awaited == ("acme", "zeta", "reload")
    keyset = confirm(keyset, ("acme", "zeta", "reload"))
    keyset = stamp(after(keyset, Move.PROMOTE, now, START + DAY), START + DAY)
    keyset = confirm(keyset, ("acme", "zeta", "reload"))
    keyset = stamp(after(keyset, Move.RETIRE, now, START + 2 * DAY), START + 2 * DAY)
    keyset = stamp(after(keyset, Move.DESTROY, now, START + 20 * DAY), START + 20 * DAY)
    assert not is_open(keyset)
    assert conditions_of(keyset, now).awaited == ("zeta",)


def test_a_new_rotation_begins_under_the_settings_of_now() -> None:
    slow = replace(API, rollout=5 * DAY)
    keyset, now = promoted(slow)
    now += 9 * DAY
    keyset = stamp(after(keyset, Move.RETIRE, API, now), now)
    published = stamp(after(keyset, Move.PUBLISH, API, now, counting_material()), now)
    assert conditions_of(published, API).promote == API.rollout
    assert [one.name for one in waits_of(published, API) if one.in_force != one.configured] == []


def test_a_person_may_go_by_the_settings_of_now() -> None:
    keyset, now = promoted(replace(JWT, max_token_lifetime=30 * DAY))
    accepted = conditions_of(keyset, JWT, accepts_outage=True)
    soon = now + 46 * MINUTE
    assert check_move(keyset, Move.RETIRE, accepted, soon) is None
    early = check_move(keyset, Move.RETIRE, accepted, soon - MINUTE)
    assert early is not None
    assert early.reason is Reason.TOO_EARLY


@pytest.mark.parametrize(
    ("left", "reason", "held"),
    [
        (Left(adopted=("a.yaml#b",)), Reason.ADOPTED, {"promote", "retire", "destroy"}),
        (Left(removed=("a.yaml#b",)), Reason.REMOVED, {"promote", "retire"}),
    ],
)
def test_what_still_reads_elsewhere_holds_the_moves_that_lock_it_out(
    left: Left, reason: Reason, held: set[str]
) -> None:
    make, now = counting_material(), START
    keyset = stamp(record_terms(None, found_keyset(API.name, API.kind, make()), API), now)
    found = set()
    for move in (Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.DESTROY):
        now += 30 * DAY
        refusal = check_move(keyset, move, conditions_of(keyset, API, left), now)
        if refusal is not None:
            assert (refusal.reason, refusal.names) == (reason, ("a.yaml#b",))
            found.add(str(move))
        waived = conditions_of(keyset, API, left, accepts_outage=True)
        assert check_move(keyset, move, waived, now) is None
        keyset = stamp(after(keyset, move, API, now, make), now)
    assert found == held


def test_abort_after_an_external_caller_confirmed_asks_and_after_a_reload_it_does_not() -> None:
    policy = replace(API, external_callers=("acme",), reload="manual")
    make = counting_material()
    keyset = stamp(record_terms(None, found_keyset(API.name, API.kind, make()), policy), START)
    keyset = stamp(after(keyset, Move.PUBLISH, policy, START, make), START)
    conditions = conditions_of(keyset, policy)
    assert check_move(confirm(keyset, ("reload",)), Move.ABORT, conditions, START) is None
    refusal = check_move(confirm(keyset, ("acme",)), Move.ABORT, conditions, START)
    assert refusal is not None
    assert (refusal.reason, refusal.names) == (Reason.CONFIRMED, ("acme",))


@pytest.mark.parametrize("moves", range(5))
def test_the_next_move_carries_a_keyset_of_the_first_schema_over(moves: int) -> None:
    """Its instants and its keys stay; from then on its terms are recorded."""
    make, now = counting_material(), START
    keyset = stamp(found_keyset(JWT.name, JWT.kind, make()), now)
    steps = (Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.DESTROY, Move.PUBLISH)
    for move in steps[:moves]:
        now += 30 * DAY
        keyset = replace(stamp(after(keyset, move, JWT, now, make), now), terms=None)
    old = written(EMPTY_CONTENT, plan_file_edits(None, keyset))
    assert read_back(old) == keyset
    following = after(keyset, steps[moves], JWT, now + 30 * DAY, make)
    new = written(old, plan_file_edits(keyset, following))
    assert read_back(new) == following
    assert following.terms is not None
    before = {key.kid: (key.status, key.since) for key in keyset.keys}
    for key in following.keys:
        if key.kid in before and key.status is before[key.kid][0]:
            assert key.since == before[key.kid][1]
