"""The backends' contract on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.contract import BackendContract
from tests.mirror.vaultwarden.place import VaultwardenPlace


class TestRealServer(BackendContract):
    @pytest.fixture
    def place(self, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = VaultwardenPlace(company, tmp_path)
        place.hand.clear()
        return place
