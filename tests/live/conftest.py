"""One real server and one company for all live tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.fakes.vaultwarden import Relay
from tests.live.server import EXECUTABLE, RealServer
from tests.mirror.vaultwarden.office import Office
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.world import World

REASON = "PLANA_TEST_VAULTWARDEN names no server executable: nothing ran against a real server"


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    if not EXECUTABLE:
        pytest.skip(REASON)
    server = RealServer(tmp_path_factory.mktemp("vaultwarden") / "server")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def company(real_server: RealServer) -> Company:
    return Company(real_server.url)


@pytest.fixture
def relay(real_server: RealServer) -> Iterator[Relay]:
    """A way to the server that may break."""
    relay = Relay(real_server.url)
    yield relay
    relay.stop()


@pytest.fixture
def url(real_server: RealServer) -> str:
    """The way of ``place`` to the server; tests put a relay or a proxy in its place."""
    return real_server.url


@pytest.fixture
def place(company: Company, tmp_path: Path, url: str) -> VaultwardenPlace:
    place = VaultwardenPlace(company, tmp_path, url=url)
    place.hand.clear()
    return place


@pytest.fixture
def office(world: World, place: VaultwardenPlace) -> Office:
    office = Office(world, place.company)
    office.configure()
    office.write_credentials()
    return office
