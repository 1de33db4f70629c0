"""Items of a server, and the files that they are of."""

from __future__ import annotations

from collections import Counter

from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from tests.mirror.contract import make_item


def make_items(count: int, value: str = "x") -> list[DesiredItem]:
    return [
        make_item(f"infra/secrets/prod/{number}.yaml", {"a": value}, collection="prod")
        for number in range(count)
    ]


def files(backend: VaultwardenBackend) -> Counter[str]:
    return Counter(item.record.file for item in backend.list_items().items if item.record)
