"""One refused item among many, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.fakes.vaultwarden import Relay
from tests.live.server import RealServer
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.refusals import RefusalContract


class TestRealServer(RefusalContract):
    @pytest.fixture
    def relay(self, real_server: RealServer) -> Iterator[Relay]:
        relay = Relay(real_server.url)
        yield relay
        relay.stop()

    @pytest.fixture
    def place(self, relay: Relay, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = VaultwardenPlace(company, tmp_path, url=relay.url)
        place.hand.clear()
        return place
