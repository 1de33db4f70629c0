"""A fake server with a company on it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.fakes.vaultwarden import FakeVaultwarden, Relay
from tests.fakes.vaultwarden.store import Store
from tests.mirror.vaultwarden.office import Office
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.world import World


@pytest.fixture(scope="session")
def _shared() -> Iterator[tuple[FakeVaultwarden, Company, Store]]:
    server = FakeVaultwarden()
    company = Company(server.url)
    yield server, company, copy.deepcopy(server.store)
    server.stop()


@pytest.fixture
def server(_shared: tuple[FakeVaultwarden, Company, Store]) -> FakeVaultwarden:
    """As it was when the company had just been founded, and well-behaved."""
    fake, _, fresh = _shared
    fake.store = copy.deepcopy(fresh)
    fake.seen = []
    fake.before = lambda _: None
    fake.after = lambda _: None
    return fake


@pytest.fixture
def company(server: FakeVaultwarden, _shared: tuple[FakeVaultwarden, Company, Store]) -> Company:
    return _shared[1]


@pytest.fixture
def place(company: Company, tmp_path: Path) -> VaultwardenPlace:
    return VaultwardenPlace(company, tmp_path)


@pytest.fixture
def relay(company: Company) -> Iterator[Relay]:
    """A way to the server that may break."""
    relay = Relay(company.url)
    yield relay
    relay.stop()


@pytest.fixture
def office(world: World, company: Company) -> Office:
    office = Office(world, company)
    office.configure()
    office.write_credentials()
    return office
