"""Items where no one looks, on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.strays import StraysContract


class TestRealServer(StraysContract):
    @pytest.fixture
    def place(self, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = VaultwardenPlace(company, tmp_path)
        place.hand.clear()
        return place
