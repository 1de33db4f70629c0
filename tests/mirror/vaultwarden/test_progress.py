"""Long runs tell how far they are."""

from __future__ import annotations

import gc

from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.backends.vaultwarden.client import CONNECTIONS
from plana_secrets.mirror.packed import PackedItem
from plana_secrets.observability import Event
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.contract import make_item
from tests.mirror.vaultwarden.place import VaultwardenPlace


def test_creations_and_deletions_are_told(place: VaultwardenPlace) -> None:
    told: list[Event] = []
    items = [make_item(f"prod/{number}.yaml", {"x": "1"}, collection="prod") for number in range(9)]
    backend = place.open(observer=told.append)
    backend.create_items(items)
    backend.delete_items(backend.list_items().items)
    assert [one.name for one in told] == ["mirror-progress"] * 18
    assert [one.facts for one in told] == [{"done": n, "total": 9} for n in range(1, 10)] * 2


def test_no_more_items_are_open_than_are_on_their_way(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    items = [
        PackedItem.of(make_item(f"waits/{number}.yaml", {"x": "1"}, collection="prod"))
        for number in range(3 * CONNECTIONS)
    ]
    held = []

    def count(_: object) -> None:
        every = [one for one in gc.get_objects() if isinstance(one, DesiredItem)]
        held.append(sum(one.file.startswith("waits/") for one in every))

    server.before = count
    place.open().create_items(items)
    assert place.open().list_items().count == len(items)
    assert 0 < max(held) <= 2 * CONNECTIONS
