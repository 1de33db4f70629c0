"""One refused item among many, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.fakes.vaultwarden import Relay
from tests.live.server import RealServer
from tests.mirror.steps import PRUNE, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.refusals import BAD, COUNT, PADDING, RefusalContract, make_items


class TestRealServer(RefusalContract):
    @pytest.fixture
    def url(self, relay: Relay) -> str:
        return relay.url


@dataclass
class SmallServer:
    """A server of its own, which can be limited."""

    server: RealServer
    place: VaultwardenPlace

    def limit(self, room: int) -> None:
        self.server.limit_fields(room)


@pytest.fixture
def small(real_server: RealServer, tmp_path: Path) -> Iterator[SmallServer]:
    server = RealServer(tmp_path / "server")
    yield SmallServer(server, VaultwardenPlace(Company(server.url), tmp_path))
    server.stop()


def test_a_database_that_fails_for_one_update_stops_no_other(small: SmallServer) -> None:
    """The item was there before the database was moved to one with less room."""
    place = small.place
    sync(place.open(), make_items("old"))
    small.limit(len(PADDING))
    before = place.hand.find(BAD)
    for run in range(3):
        applied = sync(place.open(), make_items("new"), PRUNE)
        assert (list(applied.failed), applied.updated) == ([BAD], 0 if run else COUNT - 1)
        assert BAD in applied.failed[BAD].message
    assert place.hand.find(BAD) == before
    assert len(place.hand.every()) == COUNT
