"""What is between us and a real server."""

from __future__ import annotations

import pytest

from tests.fakes.people import Company
from tests.live.server import RealServer
from tests.mirror.vaultwarden.proxies import Proxy, ProxyContract


@pytest.fixture(scope="module")
def company(real_server: RealServer) -> Company:
    """Of its own: sessions end here, and others give the shared account a second factor."""
    return Company(real_server.url)


class TestRealServer(ProxyContract):
    @pytest.fixture
    def url(self, proxy: Proxy) -> str:
        return proxy.url
