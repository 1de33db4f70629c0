"""What people change around the values, on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.vaultwarden.around import AroundContract
from tests.mirror.vaultwarden.place import VaultwardenPlace


class TestRealServer(AroundContract):
    @pytest.fixture
    def place(self, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = VaultwardenPlace(company, tmp_path)
        place.hand.clear()
        return place
