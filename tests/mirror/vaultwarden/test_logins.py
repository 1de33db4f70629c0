"""Login items on the fake server."""

from __future__ import annotations

import pytest

from tests.fakes.people import Company
from tests.mirror.vaultwarden.logins_contract import LoginsContract
from tests.mirror.vaultwarden.office import Office
from tests.world import World

pytestmark = pytest.mark.long


class TestLogins(LoginsContract):
    @pytest.fixture
    def office(self, world: World, company: Company) -> Office:
        office = Office(world, company)
        office.configure()
        office.write_credentials()
        return office
