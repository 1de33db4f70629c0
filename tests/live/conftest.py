"""One real server and one company for all live tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.live.server import EXECUTABLE, RealServer

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
def folder(tmp_path: Path) -> Path:
    return tmp_path
