"""One refused item among many, on a real server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.fakes.vaultwarden import Relay
from tests.live.server import RealServer
from tests.mirror.steps import make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.refusals import RefusalContract


class TestRealServer(RefusalContract):
    @pytest.fixture
    def relay(self, real_server: RealServer) -> Iterator[Relay]:
        relay = Relay(real_server.url)
        yield relay
        relay.stop()

    @pytest.fixture
    def place(self, relay: Relay, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = VaultwardenPlace(company, tmp_path, url=relay.url)
        place.hand.clear()
        return place


_TRIGGERS = "".join(
    f"CREATE TRIGGER limit_{when} BEFORE {when} ON ciphers "
    "WHEN length(NEW.fields) > 65535 "
    "BEGIN SELECT RAISE(ABORT, 'Data too long for column'); END;"
    for when in ("INSERT", "UPDATE")
)


@pytest.mark.usefixtures("real_server")
def test_a_database_with_less_room_refuses_one_item_and_keeps_nothing_of_it(
    tmp_path: Path,
) -> None:
    """As MariaDB, whose text columns hold 65,535 bytes; here it is a trigger that refuses."""
    server = RealServer(tmp_path / "server")
    try:
        place = VaultwardenPlace(Company(server.url), tmp_path)
        with sqlite3.connect(server.folder / "data" / "db.sqlite3") as database:
            database.executescript(_TRIGGERS)
        large = "infra/secrets/prod/large.yaml"
        items = [
            make_item(large, {f"v{n}": "x" * 100 for n in range(200)}, collection="prod"),
            make_item("infra/secrets/prod/small.yaml", {"a": "1"}, collection="prod"),
        ]
        for _ in range(3):
            applied = sync(place.open(), items)
            assert {file: one.kind for file, one in applied.failed.items()} == {
                large: "item-too-large"
            }
            assert len(place.hand.every()) == 1
        assert place.company.service.sync()["ciphers"][0]["organizationId"]
        assert len(place.company.service.sync()["ciphers"]) == 1
    finally:
        server.stop()
