"""The backends' contract on the fake server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.contract import BackendContract
from tests.mirror.vaultwarden.place import VaultwardenPlace


class TestFakeServer(BackendContract):
    @pytest.fixture
    def place(self, company: Company, tmp_path: Path) -> VaultwardenPlace:
        return VaultwardenPlace(company, tmp_path)
