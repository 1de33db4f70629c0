"""What comes next for a keyset, and what it waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.inforce import conditions_of
from plana_secrets.rotation.keyset import (
    Keyset,
    Move,
    check_move,
)
from plana_secrets.rotation.plan import Phase, Waiting, describe_keyset, plan_next
from plana_secrets.rotation.policy import KeysetPolicy
from tests.rotation.examples import API, JWT, MINUTE, START, after, counting_material, places
from tests.rotation.test_keysetfile import histories
from tests.rotation.test_render import in_state

DAY = timedelta(days=1)
LANDED = {0: START, 1: START + 30 * DAY, 2: START + 60 * DAY, 3: START + 90 * DAY}
ROTATION = [Move.PUBLISH, Move.PROMOTE, Move.RETIRE]


@pytest.mark.parametrize(
    ("policy", "moves", "later", "phase", "move", "waiting", "not_before"),
    [
        (API, 0, 10 * DAY, "stable", "publish", "max-age", START + 90 * DAY),
        (API, 0, 90 * DAY, "stable", "publish", None, START + 90 * DAY),
        (API, 1, MINUTE, "published", "promote", "rollout", LANDED[1] + 30 * MINUTE),
        (API, 1, 30 * MINUTE, "published", "promote", None, LANDED[1] + 30 * MINUTE),
        (API, 2, 29 * MINUTE, "promoted", "retire", "drain", LANDED[2] + 90 * MINUTE),
        (API, 2, 30 * MINUTE, "draining", "retire", "drain", LANDED[2] + 90 * MINUTE),
        (JWT, 2, 30 * MINUTE, "draining", "retire", "tokens", LANDED[2] + 46 * MINUTE),
        (JWT, 2, 46 * MINUTE, "draining", "retire", None, LANDED[2] + 46 * MINUTE),
        (API, 3, DAY, "stable", "destroy", "grace", LANDED[3] + 7 * DAY + 30 * MINUTE),
        (API, 3, 8 * DAY, "stable", "destroy", None, LANDED[3] + 7 * DAY + 30 * MINUTE),
        (replace(API, grace=100 * DAY), 3, 70 * DAY, "stable", "publish", None, LANDED[2] + 90 * DAY),
        (replace(API, external_callers=("acme",)), 1, DAY, "published", "promote", "confirm", LANDED[1] + 30 * MINUTE),
        (replace(API, reload="manual"), 2, DAY, "draining", "retire", "confirm", LANDED[2] + 90 * MINUTE),
        (replace(JWT, raw_targets=places("a.yaml#b")), 0, 89 * DAY, "stable", "publish", "max-age", START + 90 * DAY),
        (replace(JWT, raw_targets=places("a.yaml#b")), 0, 90 * DAY, "blocked", "publish", "raw-targets", START + 90 * DAY),
        (replace(JWT, raw_targets=places("a.yaml#b")), 1, DAY, "blocked", "promote", "raw-targets", LANDED[1] + 30 * MINUTE),
        (API, 1, -DAY, "blocked", "promote", "clock", LANDED[1]),
    ],
)  # fmt: skip
def test_what_comes_next(
    policy: KeysetPolicy,
    moves: int,
    later: timedelta,
    phase: str,
    move: str,
    waiting: str | None,
    not_before: datetime,
) -> None:
    plain = replace(policy, external_callers=(), reload="file") if policy.kind == "api-key" else replace(policy, raw_targets=())  # fmt: skip
    keyset = in_state(plain, ROTATION[:moves])
    status = describe_keyset(policy, "file", keyset, LANDED[moves] + later)
    assert status.next is not None
    found = (status.phase, status.next.move, status.next.waiting_for, status.next.not_before)
    assert found == (phase, move, waiting, not_before)


def test_what_has_not_landed_waits_for_that_alone() -> None:
    make = counting_material()
    keyset = after(in_state(API, [], make), Move.PUBLISH, API, START, make)
    status = describe_keyset(API, "file", keyset, START + 30 * DAY)
    assert status.next is not None
    assert (status.phase, status.next.waiting_for) == (Phase.PUBLISHED, Waiting.LANDING)
    assert status.next.not_before is None


@pytest.mark.parametrize(
    ("days", "overdue", "far"), [(89, False, False), (91, True, False), (114, True, True)]
)
def test_overdue_is_counted_from_when_the_active_key_landed(
    days: int, overdue: bool, far: bool
) -> None:
    now = START + days * DAY
    status = describe_keyset(API, "file", in_state(API, []), now)
    assert (status.overdue, status.is_past(now, 1.25)) == (overdue, far)


def test_publishing_does_not_end_being_overdue_and_promoting_does() -> None:
    make, now = counting_material(), START + 100 * DAY
    published = stamp(after(in_state(API, [], make), Move.PUBLISH, API, now, make), now)
    assert describe_keyset(API, "file", published, now).overdue
    later = now + DAY
    promoted = stamp(after(published, Move.PROMOTE, API, later), later)
    assert not describe_keyset(API, "file", promoted, later).overdue


@given(histories())
def test_a_move_is_planned_as_ready_exactly_when_the_machine_permits_it(
    history: list[Keyset],
) -> None:
    for keyset in history:
        for days in (0, 1, 40, 400):
            now = START + days * DAY
            planned = plan_next(keyset, API, now)
            permitted = check_move(keyset, planned.move, conditions_of(keyset, API), now) is None
            if planned.waiting_for is None:
                assert permitted
            elif planned.waiting_for is not Waiting.MAX_AGE:
                assert not permitted
