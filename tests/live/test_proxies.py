"""What is between us and a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.live.server import RealServer
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.proxies import Proxy, ProxyContract


@pytest.fixture(scope="module")
def company(real_server: RealServer) -> Company:
    """Of its own: sessions end here, and others give the shared account a second factor."""
    return Company(real_server.url)


class TestRealServer(ProxyContract):
    @pytest.fixture
    def proxy(self, company: Company) -> Iterator[Proxy]:
        proxy = Proxy(company.url)
        yield proxy
        proxy.stop()

    @pytest.fixture
    def place(self, proxy: Proxy, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = VaultwardenPlace(company, tmp_path, url=proxy.url)
        place.hand.clear()
        return place
