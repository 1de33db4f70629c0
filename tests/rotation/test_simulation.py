"""Rotations in a simulated fleet: pods lag behind the branch, clocks differ, moves come and go.

The fleet knows nothing of the machine: it sees what landed, each pod up to D later, and
signs, verifies and calls by its own clock. Whatever sequence of moves the machine
permits, no valid token is refused and no caller sends a key that its provider lacks.
The tests at the end shorten each wait by a second and find the outage: the bounds are tight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.keyset import (
    IN_USE,
    Conditions,
    Keyset,
    Move,
    check_move,
    find_faults,
    found_keyset,
    make_move,
)
from plana_secrets.rotation.material import make_fingerprint
from tests.rotation.examples import START, counting_material

D, L, S, J = 30, 15, 2, 20  # minutes
LAGS = (0, D)
MINUTES = timedelta(minutes=1)


@dataclass(frozen=True)
class View:
    """What a service is given: kids that it accepts, and the one that it uses."""

    kids: frozenset[str]
    active: str


@dataclass
class Fleet:
    """What landed and when. A pod is its lag in minutes; a history has no gaps."""

    history: list[tuple[datetime, View]] = field(default_factory=list)

    def land(self, keyset: Keyset, now: datetime) -> None:
        kids = frozenset(key.kid for key in keyset.keys if key.status in IN_USE)
        self.history.append((now, View(kids, keyset.active.kid)))

    def view(self, lag: int, now: datetime) -> View:
        """What a pod sees that is ``lag`` behind; before the first landing all see that."""
        seen = [view for landed, view in self.history if landed + lag * MINUTES <= now]
        return seen[-1] if seen else self.history[0][1]

    def verifiers(self, now: datetime) -> list[View]:
        return [self.view(lag, now) for lag in LAGS]

    def users(self, now: datetime) -> set[str]:
        """What signers and callers use at this minute and in the instant just before it."""
        moments = (now, now - timedelta(microseconds=1))
        return {self.view(lag, moment).active for lag in LAGS for moment in moments}


@dataclass(frozen=True)
class Token:
    kid: str
    expires: datetime


class Rotation(RuleBasedStateMachine):
    """One keyset under random moves; ``conditions`` is what the kind of fleet needs."""

    conditions = Conditions(D * MINUTES, max(D + L + S, D + J) * MINUTES, timedelta(hours=2))

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.make = counting_material()
        self.keyset = stamp(found_keyset("sim", "jwt-hs256", self.make()), START)
        self.fleet = Fleet()
        self.fleet.land(self.keyset, START)
        self.tokens: list[Token] = []
        self.versions = [self.keyset.version]

    @rule(minutes=st.sampled_from([1, 7, 15, 30, 33, 47, 61, 130]))
    def wait(self, minutes: int) -> None:
        for _ in range(minutes):
            self.now += MINUTES
            self.sign()
            self.nothing_is_refused()

    def sign(self) -> None:
        """Every signer issues a token now, by a clock that is ahead as far as it may."""
        for kid in self.fleet.users(self.now):
            self.tokens.append(Token(kid, self.now + (L + S) * MINUTES))
        self.tokens = [token for token in self.tokens if token.expires > self.now]

    @rule(move=st.sampled_from(list(Move)), delay=st.sampled_from([0, 5]))
    def try_move(self, move: Move, delay: int) -> None:
        """Make the move if the machine permits it; it lands some minutes later."""
        if check_move(self.keyset, move, self.conditions, self.now) is not None:
            return
        self.keyset = make_move(
            self.keyset,
            move,
            self.conditions,
            self.now,
            make_material=self.make,
            make_fingerprint=make_fingerprint,
        )
        assert all(
            check_move(self.keyset, second, self.conditions, self.now + timedelta(days=9))
            for second in Move
        )
        self.wait(delay)
        self.fleet.land(self.keyset, self.now)
        self.keyset = stamp(self.keyset, self.now)
        self.versions.append(self.keyset.version)

    @precondition(lambda self: self.tokens)
    @rule()
    def nothing_is_refused(self) -> None:
        for token in self.tokens:
            if token.expires > self.now:
                for verifier in self.fleet.verifiers(self.now):
                    assert token.kid in verifier.kids, f"{token.kid} refused at {self.now}"

    @invariant()
    def no_caller_is_locked_out(self) -> None:
        """A process that started less than J ago still sends the key that it read then."""
        held = {self.fleet.view(lag, self.now).active for lag in LAGS}
        if J:
            held |= self.fleet.users(self.now - (J - 1) * MINUTES)
        for kid in held:
            for provider in self.fleet.verifiers(self.now):
                assert kid in provider.kids, f"{kid} locked out at {self.now}"

    @invariant()
    def the_keyset_is_sound(self) -> None:
        assert find_faults(self.keyset) == ()
        assert self.versions == sorted(set(self.versions))
        values = [key.value.reveal() for key in self.keyset.keys if key.value is not None]
        assert len(set(values)) == len(values)


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def outage(conditions: Conditions) -> bool:
    """Whether the plain rotation, each move at its first permitted minute, refuses anybody."""
    machine = Rotation()
    machine.conditions = conditions
    try:
        for move in (Move.PUBLISH, Move.PROMOTE, Move.RETIRE):
            while check_move(machine.keyset, move, conditions, machine.now):
                machine.wait(1)
                machine.no_caller_is_locked_out()
            machine.try_move(move, 0)
            machine.sign()
            machine.nothing_is_refused()
            machine.no_caller_is_locked_out()
        for _ in range(D + L + J):
            machine.wait(1)
            machine.no_caller_is_locked_out()
    except AssertionError:
        return True
    return False


FULL = Conditions(D * MINUTES, (D + max(L + S, J)) * MINUTES, timedelta(hours=2))


def test_the_documented_waits_cause_no_outage() -> None:
    assert not outage(FULL)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("promote before D", Conditions(FULL.promote - MINUTES, FULL.retire, FULL.destroy)),
        ("retire before D + J", Conditions(FULL.promote, FULL.retire - MINUTES, FULL.destroy)),
    ],
)
def test_a_minute_less_causes_an_outage(name: str, short: Conditions) -> None:
    """J is the longer tail here (20 > 15 + 2); the token bound is the test below."""
    assert outage(short), name


@pytest.mark.parametrize("less", [1, S, L, D])
def test_the_bound_of_tokens_needs_rollout_lifetime_and_skew(
    less: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.rotation.test_simulation.J", 0)
    exact = Conditions(D * MINUTES, (D + L + S) * MINUTES, timedelta(hours=2))
    assert not outage(exact)
    assert outage(Conditions(exact.promote, exact.retire - less * MINUTES, exact.destroy))


def test_a_key_that_was_brought_back_is_not_used_before_everybody_has_it() -> None:
    """reinstate, and demote at once: signers would use what verifiers do not know again yet."""
    machine = Rotation()
    machine.conditions = FULL
    for move in (Move.PUBLISH, Move.PROMOTE, Move.RETIRE):
        while check_move(machine.keyset, move, FULL, machine.now):
            machine.wait(1)
        machine.try_move(move, 0)
    first = machine.keyset.keys[0].kid
    machine.wait(D + 1)
    machine.try_move(Move.REINSTATE, 0)
    for _ in range(D + 1):
        machine.try_move(Move.DEMOTE, 0)
        machine.sign()
        machine.nothing_is_refused()
        machine.wait(1)
    assert machine.keyset.active.kid == first
