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
    assert [(one.name, one.facts) for one in told] == [
        ("mirror-progress", {"done": 9, "total": 9})
    ] * 2
