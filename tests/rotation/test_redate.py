"""A move that is dated in the future is dated again, by ``redate`` alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.rotation.apply import run_move
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.redate import redate_keyset
from tests.rotation.examples import API, COMMIT, FRESH, START
from tests.rotation.fleet import Fleet
from tests.rotation.moves import refused

pytestmark = pytest.mark.long


@pytest.mark.long
def test_a_move_dated_in_the_future_is_dated_again(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    fleet.pass_time(days=100)
    run_move(fleet.rotation(), API.name, Move.PUBLISH, delivery=COMMIT)
    fleet.now = START + timedelta(hours=1)
    for move in (Move.ABORT, Move.PROMOTE):
        assert refused(fleet, API.name, move).kind == "clock-backwards"
    assert fleet.rotation().status(API.name).phase == "blocked"
    done = redate_keyset(fleet.rotation(), API.name, delivery=COMMIT)
    assert (done.move, done.dated) == ("redate", True)
    assert [key.since for key in fleet.keyset(API).keys] == [START, fleet.now]
    assert refused(fleet, API.name, Move.PROMOTE).kind == "too-early"
    fleet.pass_time(minutes=31)
    run_move(fleet.rotation(), API.name, Move.PROMOTE, delivery=COMMIT)


def test_where_no_instant_is_in_the_future_nothing_is_dated_again(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    with pytest.raises(FailedError) as caught:
        redate_keyset(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "nothing-to-redate"
