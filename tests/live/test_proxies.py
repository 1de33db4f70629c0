"""What is between us and a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.proxies import Proxy, ProxyContract


class TestRealServer(ProxyContract):
    @pytest.fixture
    def proxy(self, company: Company) -> Iterator[Proxy]:
        proxy = Proxy(company.url)
        yield proxy
        proxy.stop()

    @pytest.fixture
    def place(self, proxy: Proxy, company: Company, tmp_path: Path) -> Iterator[VaultwardenPlace]:
        place = VaultwardenPlace(company, tmp_path, url=proxy.url)
        place.hand.clear()
        yield place
        company.service.login()  # other tests share the account, whatever became of this one
