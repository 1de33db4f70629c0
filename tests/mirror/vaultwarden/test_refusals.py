"""One refused item among many, on the fake server."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.errors import UnavailableError
from tests.fakes.people import Company
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer, Request
from tests.mirror.steps import make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.refusals import RefusalContract


class TestFakeServer(RefusalContract):
    @pytest.fixture
    def relay(self, server: FakeVaultwarden) -> FakeVaultwarden:
        return server

    @pytest.fixture
    def place(self, company: Company, tmp_path: Path) -> VaultwardenPlace:
        return VaultwardenPlace(company, tmp_path)


def test_an_item_beyond_a_text_column_is_called_too_large(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """MariaDB refuses it with the words of a database, by way of an answer of 400."""
    file = "infra/secrets/prod/large.yaml"
    values = {f"value{number}": "x" * 100 for number in range(200)}
    refusal = Answer(400, b'{"message":"Error saving cipher"}')

    def before(request: Request) -> Fault | None:
        return Fault(answer=refusal) if len(request.body) > 65_535 else None

    server.before = before
    applied = sync(place.open(), [make_item(file, values, collection="prod")])
    error = applied.failed[file]
    assert (error.kind, error.exit_code) == ("item-too-large", 3)
    assert file in error.message
    assert "65,535" in error.message


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
