"""What is between us and the fake server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.proxies import Proxy, ProxyContract


class TestFakeServer(ProxyContract):
    @pytest.fixture
    def place(self, proxy: Proxy, company: Company, tmp_path: Path) -> Iterator[VaultwardenPlace]:
        token = company.service.token
        yield VaultwardenPlace(company, tmp_path, url=proxy.url)
        company.service.token = token  # the next test has the server as it was
