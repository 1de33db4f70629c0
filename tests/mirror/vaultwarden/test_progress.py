"""Long runs tell how far they are."""

from __future__ import annotations

from plana_secrets.observability import Event
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
