"""Items where no one looks, on the fake server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.strays import StraysContract


class TestFakeServer(StraysContract):
    @pytest.fixture
    def place(self, company: Company, tmp_path: Path) -> VaultwardenPlace:
        return VaultwardenPlace(company, tmp_path)
