"""One refused item among many, on the fake server."""

from __future__ import annotations

import pytest

from plana_secrets.errors import UnavailableError
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.mirror.steps import make_item
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.refusals import RefusalContract


class TestFakeServer(RefusalContract):
    @pytest.fixture
    def relay(self, server: FakeVaultwarden) -> FakeVaultwarden:
        return server


def test_a_server_that_answers_nothing_else_is_asked_no_further(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """After a few lost creations the list is read; where that fails, too, the run ends."""
    items = [make_item(f"prod/{n}.yaml", {"x": "1"}, collection="prod") for n in range(200)]
    backend = place.open()
    backend.list_items()
    server.seen.clear()
    server.before = lambda _: Fault()
    with pytest.raises(UnavailableError):
        backend.create_items(items)
    assert len(server.seen) < 60
