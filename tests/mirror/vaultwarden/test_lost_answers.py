"""Answers that do not come, servers that die half-way: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from threading import enumerate as threads

import pytest

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.mirror.backend import ActualItem
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from plana_secrets.mirror.itemerrors import ItemChangedError, ItemsRefusedError
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.store import Cipher
from tests.fakes.vaultwarden.wire import Answer, Request
from tests.mirror.steps import sync
from tests.mirror.vaultwarden.making import files, make_items
from tests.mirror.vaultwarden.place import VaultwardenPlace

GATEWAY = Answer(504, b"<html>Gateway Timeout</html>", "text/html")
MANY = 12


@pytest.mark.parametrize("count", [1, MANY])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(done=False), id="never arrived"),
        pytest.param(Fault(done=True), id="done, answer lost"),
        pytest.param(Fault(done=True, answer=GATEWAY), id="done, a proxy gave up"),
    ],
)
def test_a_lost_creation_is_neither_lost_nor_doubled(
    server: FakeVaultwarden, place: VaultwardenPlace, count: int, fault: Fault
) -> None:
    items = make_items(count)
    server.fail(1, fault, method="POST", path="/api/ciphers/")
    place.open().create_items(items)
    assert files(place.open()) == Counter(item.file for item in items)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("done", [False, True])
def test_one_of_several_creations_may_be_lost(
    server: FakeVaultwarden, place: VaultwardenPlace, number: int, done: bool
) -> None:
    items = make_items(3)
    server.fail(number, Fault(done=done), method="POST", path="/api/ciphers/create")
    place.open().create_items(items)
    assert files(place.open()) == Counter(item.file for item in items)


@pytest.mark.parametrize("done", [False, True])
def test_a_lost_update_is_done_once(
    server: FakeVaultwarden, place: VaultwardenPlace, done: bool
) -> None:
    place.open().create_items(make_items(1))
    backend = place.open()
    actual = backend.list_items().items[0]
    server.fail(1, Fault(done=done), method="PUT")
    backend.update_item(actual, make_items(1, "new")[0])
    assert place.open().list_items().items[0].fields["a"].reveal_text() == "new"


@pytest.mark.parametrize("days", [-4000, 4000])
def test_a_clock_that_is_off_neither_stops_an_update_nor_hides_a_change(
    server: FakeVaultwarden, place: VaultwardenPlace, days: int
) -> None:
    """Of the server's clock, then or now: only its own dates are compared with one another."""
    place.open().create_items(make_items(1))
    (cipher,) = server.store.ciphers.values()
    cipher.updated += timedelta(days=days)
    backend = place.open()
    actual = backend.list_items().items[0]
    backend.update_item(actual, make_items(1, "new")[0])
    assert place.open().list_items().items[0].fields["a"].reveal_text() == "new"
    cipher.updated += timedelta(days=days)
    backend = place.open()
    actual = backend.list_items().items[0]
    place.hand.set_field(make_items(1)[0].file, "a", "by hand")
    with pytest.raises(ItemChangedError):
        backend.update_item(actual, make_items(1, "newer")[0])
    with pytest.raises(ItemsRefusedError):
        backend.delete_items([actual])
    assert place.open().list_items().items[0].fields["a"].reveal_text() == "by hand"


@pytest.mark.parametrize("method", ["PUT", "POST"], ids=["trash", "delete"])
@pytest.mark.parametrize("done", [False, True])
def test_a_lost_deletion_is_done_once(
    server: FakeVaultwarden, place: VaultwardenPlace, done: bool, method: str
) -> None:
    place.open().create_items(make_items(3))
    backend = place.open()
    server.fail(1, Fault(done=done), method=method, path="/api/ciphers/delete")
    backend.delete_items(backend.list_items().items[:2])
    assert len(place.open().list_items().items) == 1


def test_a_server_that_stays_silent_is_unavailable(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    backend = place.open()
    backend.list_items()
    server.before = lambda request: Fault()
    with pytest.raises(PlanaSecretsError) as error:
        backend.create_items(make_items(1))
    assert (error.value.kind, error.value.exit_code) == ("no-answer", 5)


# A server that goes on working after a proxy gave up on it


def test_a_single_item_that_appears_late_is_not_made_twice(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    late: list[tuple[str, Cipher]] = []

    def hold_back(request: Request) -> None:
        if request.path == "/api/ciphers/create":
            late.append(server.store.ciphers.popitem())

    def work_on(_: float) -> None:
        server.store.ciphers.update(late)

    server.fail(1, Fault(done=True), method="POST", path="/api/ciphers/create")
    server.after = hold_back
    backend = VaultwardenBackend(place.session(), place.company.id, ["prod", "dev"], sleep=work_on)
    backend.create_items(make_items(1))
    assert files(place.open()) == Counter({"infra/secrets/prod/0.yaml": 1})
    assert server.seen.count("POST /api/ciphers/create") == 1


def test_of_a_lost_deletion_only_the_rest_is_sent_again(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """The server had deleted two of three when it lost the third and the answer."""
    place.open().create_items(make_items(3))
    backend = place.open()
    listed = backend.list_items().items
    asked: list[list[str]] = []

    def before(request: Request) -> Fault | None:
        if (request.method, request.path) != ("POST", "/api/ciphers/delete"):
            return None
        asked.append(request.json()["ids"])
        if len(asked) > 1:
            return None
        for one in asked[0][:2]:
            del server.store.ciphers[one]
        return Fault()

    server.before = before
    backend.delete_items(listed)
    assert [len(ids) for ids in asked] == [3, 1]
    assert place.open().list_items().items == ()


Act = Callable[[VaultwardenBackend, ActualItem], object]


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("/api/ciphers/delete", lambda backend, actual: backend.delete_items([actual])),
        ("/api/ciphers/create", lambda backend, _: backend.create_items(make_items(1))),
        (
            "/api/ciphers/",
            lambda backend, actual: backend.update_item(actual, make_items(1, "new")[0]),
        ),
    ],
    ids=["delete", "create", "update"],
)
def test_a_server_that_never_does_it_is_unavailable_after_three_times(
    server: FakeVaultwarden, place: VaultwardenPlace, path: str, act: Act
) -> None:
    place.open().create_items(make_items(1))
    backend = place.open()
    (actual,) = backend.list_items().items
    server.seen.clear()
    server.before = lambda request: (
        Fault() if request.method != "GET" and request.path.startswith(path) else None
    )
    with pytest.raises(PlanaSecretsError) as caught:
        act(backend, actual)
    error = caught.value
    if isinstance(error, ItemsRefusedError):
        (error,) = error.errors.values()
    assert (error.kind, error.exit_code) == ("item-not-written", 5)
    assert sum(not one.startswith("GET") for one in server.seen) == 3
    assert place.open().list_items().items[0].fields["a"].reveal_text() == "x"


def test_an_interrupted_run_does_not_wait_for_a_slow_server(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    backend, over, waits = place.open(), Event(), list[bool]()
    backend.list_items()

    def before(request: Request) -> None:
        if request.path == "/api/ciphers/create" and not over.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            waits.append(over.wait(10))

    server.before = before
    try:
        with pytest.raises(KeyboardInterrupt):
            backend.create_items(make_items(MANY))
        sending = [one for one in threads() if one.name.startswith("create")]
        assert (waits, {one.daemon for one in sending}) == ([], {True})
    finally:
        over.set()
        for one in sending:
            if one.ident is not None:  # else the signal came before it ran
                one.join(10)
        server.before = lambda _: None
    assert sync(place.open(), make_items(MANY)).after.drift == ()
