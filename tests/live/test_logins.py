"""Login items on the real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.mirror.vaultwarden.logins_contract import LoginsContract
from tests.mirror.vaultwarden.office import Office
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.world import World


class TestRealLogins(LoginsContract):
    @pytest.fixture
    def office(self, world: World, company: Company, tmp_path: Path) -> Office:
        VaultwardenPlace(company, tmp_path).hand.clear()
        office = Office(world, company)
        office.configure()
        office.write_credentials()
        return office
