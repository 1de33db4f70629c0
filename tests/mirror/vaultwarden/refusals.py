"""One item that the server refuses, whatever the others do: on the fake and on a real server."""

from __future__ import annotations

from collections import Counter

import pytest

from plana_secrets.mirror.backend import DesiredItem
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer, Request, catcher, err
from tests.mirror.steps import PRUNE, make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace

COUNT = 31
BAD = "infra/secrets/prod/17.yaml"
PADDING = "x" * 3000

REFUSALS = {
    "400": err("An error has occurred").answer,
    "400 of a proxy": Answer(400, b"<html>400 Bad Request</html>", "text/html"),
    "413": catcher(413, as_json=True).answer,
    "500": Answer(500, b"", "text/plain"),
}
EXIT_CODES = {"400": 3, "400 of a proxy": 3, "413": 3, "500": 5}


def make_items(value: str = "x") -> list[DesiredItem]:
    """The bad one is told by its size, as by a server or a proxy with a limit."""
    files = [f"infra/secrets/prod/{number}.yaml" for number in range(COUNT)]
    return [
        make_item(file, {"a": value, "b": PADDING if file == BAD else ""}, collection="prod")
        for file in files
    ]


def refuse(server: FakeVaultwarden, answer: Answer, *, done: bool = False) -> None:
    """Refuse the large item at creation and at update; ``done``: it is there all the same."""

    def before(request: Request) -> Fault | None:
        writes = request.method in {"POST", "PUT"} and request.path.startswith("/api/ciphers")
        return Fault(done, answer) if writes and len(request.body) > len(PADDING) else None

    server.before = before


class RefusalContract:
    """``place`` reaches its server by way of ``relay``."""

    @pytest.mark.parametrize("how", list(REFUSALS))
    def test_one_that_is_refused_stops_no_other(
        self, relay: FakeVaultwarden, place: VaultwardenPlace, how: str
    ) -> None:
        """Three runs leave nothing loose, and deletions come to their turn."""
        extra = make_item("infra/secrets/prod/gone.yaml", {"a": "1"}, collection="prod")
        sync(place.open(), [extra])
        refuse(relay, REFUSALS[how])
        for run in range(3):
            applied = sync(place.open(), make_items(), PRUNE)
            assert list(applied.failed) == [BAD]
            assert applied.failed[BAD].exit_code == EXIT_CODES[how]
            assert BAD in applied.failed[BAD].message
            assert applied.created == (0 if run else COUNT - 1)
            assert [(one.kind.value, one.file) for one in applied.left] == [("missing", BAD)]
            assert len(place.hand.every()) == COUNT - 1
        relay.before = lambda _: None
        assert sync(place.open(), make_items(), PRUNE).after.drift == ()

    @pytest.mark.parametrize("how", list(REFUSALS))
    def test_one_that_cannot_be_updated_stops_no_other(
        self, relay: FakeVaultwarden, place: VaultwardenPlace, how: str
    ) -> None:
        sync(place.open(), make_items())
        refuse(relay, REFUSALS[how])
        for run in range(3):
            applied = sync(place.open(), make_items("new"), PRUNE)
            assert (list(applied.failed), applied.updated) == ([BAD], 0 if run else COUNT - 1)
            assert applied.failed[BAD].exit_code == EXIT_CODES[how]
        assert len(place.hand.every()) == COUNT

    @pytest.mark.parametrize("how", list(REFUSALS))
    def test_one_that_is_there_all_the_same_is_there_once(
        self, relay: FakeVaultwarden, place: VaultwardenPlace, how: str
    ) -> None:
        refuse(relay, REFUSALS[how], done=True)
        applied = sync(place.open(), make_items())
        assert (applied.failed, applied.after.drift) == ({}, ())
        found = Counter(place.hand.file_of(one) for one in place.hand.every())
        assert found == Counter(item.file for item in make_items())

    @pytest.mark.parametrize("how", list(REFUSALS))
    def test_one_that_cannot_be_deleted_stops_no_other(
        self, relay: FakeVaultwarden, place: VaultwardenPlace, how: str
    ) -> None:
        sync(place.open(), make_items())
        bad = place.hand.find(BAD)["id"]

        def before(request: Request) -> Fault | None:
            deletes = request.path.endswith("/delete") and bad.encode() in request.body
            return Fault(answer=REFUSALS[how]) if deletes else None

        relay.before = before
        applied = sync(place.open(), make_items()[:1], PRUNE)
        assert (list(applied.failed), applied.deleted) == ([BAD], COUNT - 2)
        assert len(place.hand.every()) == 2
