"""A file in several items, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plana_secrets.mirror.restore import plan_restore
from tests.fakes.people import Company
from tests.fakes.vaultwarden import Relay
from tests.live.server import RealServer
from tests.mirror.divided import LIMIT, DividedContract
from tests.mirror.places import label_of
from tests.mirror.steps import LATER, make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.refusals import REFUSALS
from tests.mirror.vaultwarden.test_divided import SmallPlace, limit_items


class TestRealServer(DividedContract):
    @pytest.fixture
    def relay(self, real_server: RealServer) -> Iterator[Relay]:
        relay = Relay(real_server.url)
        limit_items(relay, LIMIT, REFUSALS["413"])
        yield relay
        relay.stop()

    @pytest.fixture
    def place(self, relay: Relay, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = SmallPlace(company, tmp_path, url=relay.url)
        place.hand.clear()
        return place


LARGE = "infra/secrets/prod/large.yaml"
SMALL = "infra/secrets/prod/small.yaml"


@pytest.mark.usefixtures("real_server")
@pytest.mark.parametrize("strict", [True, False], ids=["refuses", "cuts off"])
def test_a_database_with_less_room_has_the_large_file_in_parts(
    tmp_path: Path, strict: bool
) -> None:
    server = RealServer(tmp_path / "server")
    try:
        place = VaultwardenPlace(Company(server.url), tmp_path)
        server.limit_fields(65_535, strict=strict)
        small = make_item(SMALL, {"a": "1"}, collection="prod")
        for count, labels in (
            (150, [LARGE, SMALL]),
            (400, [f"{LARGE} (1/3)", f"{LARGE} (2/3)", f"{LARGE} (3/3)", SMALL]),
            (100, [LARGE, SMALL]),
        ):
            values = {f"v{number}": "x" * 20 for number in range(count)}
            wanted = [make_item(LARGE, values, collection="prod", commit=LATER), small]
            for again in (False, True):
                applied = sync(place.open(), wanted)
                assert (applied.failed, applied.after.drift) == ({}, ())
                assert not again or applied.created + applied.updated + applied.deleted == 0
            listing = place.open().list_items()
            assert sorted(label_of(one) or "" for one in listing.items) == labels
            assert [len(one.content.items) for one in plan_restore(listing).files] == [count, 1]
            assert len(place.hand.every()) == len(labels)
            assert len(place.company.service.sync()["ciphers"]) == len(labels)
    finally:
        server.stop()
