"""Answers that do not come, servers that die half-way: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event
from threading import enumerate as threads
from typing import Any

import msgspec
import pytest

from plana_secrets.errors import (
    ConflictError,
    CredentialError,
    MalformedError,
    PlanaSecretsError,
    UsageError,
)
from plana_secrets.mirror.backend import (
    ActualItem,
    DesiredItem,
    ItemChangedError,
    ItemsRefusedError,
)
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from plana_secrets.mirror.backends.vaultwarden.items import is_stub, just_before, open_item
from plana_secrets.mirror.backends.vaultwarden.models import Cipher as WireCipher
from plana_secrets.mirror.backends.vaultwarden.models import CipherField
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.store import Cipher
from tests.fakes.vaultwarden.wire import Answer, Request
from tests.mirror.contract import make_item
from tests.mirror.steps import sync
from tests.mirror.vaultwarden.place import VaultwardenPlace

GATEWAY = Answer(504, b"<html>Gateway Timeout</html>", "text/html")
MANY = 12


def make_items(count: int, value: str = "x") -> list[DesiredItem]:
    return [
        make_item(f"infra/secrets/prod/{number}.yaml", {"a": value}, collection="prod")
        for number in range(count)
    ]


def files(backend: VaultwardenBackend) -> Counter[str]:
    return Counter(item.record.file for item in backend.list_items().items if item.record)


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


# What a dying server leaves behind


def test_our_stub_is_swept_and_nothing_else(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    company = place.company
    user = server.store.user_of_email(company.service.email)
    assert user is not None
    ours = Cipher({"type": 2, "name": company.key.seal_text("a (prod)")}, user.id)
    private = Cipher({"type": 2, "name": company.service.user_key.seal_text("mine")}, user.id)
    filled = Cipher(
        {"type": 2, "name": company.key.seal_text("b"), "notes": company.key.seal_text("n")},
        user.id,
    )
    for one in (ours, private, filled):
        server.store.ciphers[one.id] = one
    assert place.open().list_items().items == ()
    place.open().create_items(make_items(1))
    assert ours.id not in server.store.ciphers
    assert {private.id, filled.id} <= set(server.store.ciphers)


def test_a_stub_is_empty_and_named_with_the_organisations_key(place: VaultwardenPlace) -> None:
    key = place.company.key
    empty = WireCipher(id="1", type=2, name=key.seal_text("x"), revision_date="")
    assert is_stub(empty, key)
    assert is_stub(msgspec.structs.replace(empty, type=1, login={"username": None}), key)
    assert not is_stub(empty, place.company.service.user_key)


@pytest.mark.parametrize(
    "more",
    [
        {"type": 3},
        {"login": {"username": "2.u", "uris": None}, "type": 1},
        {"fields": [CipherField("2.n", "2.v")]},
        {"notes": "2.n"},
        {"key": "2.k"},
        {"attachments": [msgspec.Raw(b"{}")]},
        {"organization_id": "o"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_holds_anything_is_no_stub(place: VaultwardenPlace, more: dict[str, Any]) -> None:
    """A stub is deleted for good: a login, or a note with a field, is somebody's."""
    empty = WireCipher(id="1", type=2, name=place.company.key.seal_text("x"), revision_date="")
    assert is_stub(msgspec.structs.replace(empty, fields=[], attachments=[]), place.company.key)
    assert not is_stub(msgspec.structs.replace(empty, **more), place.company.key)


def test_a_login_of_a_person_with_fields_stays(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    company = place.company
    user = server.store.user_of_email(company.service.email)
    assert user is not None
    field = {"type": 1, "name": company.key.seal_text("n"), "value": company.key.seal_text("v")}
    parts = {"username": company.key.seal_text("u"), "password": None, "uris": None}
    login = Cipher({"type": 1, "name": company.key.seal_text("a"), "login": parts}, user.id)
    filled = Cipher({"type": 2, "name": company.key.seal_text("b"), "fields": [field]}, user.id)
    for one in (login, filled):
        server.store.ciphers[one.id] = one
    place.open().create_items(make_items(1))
    assert {login.id, filled.id} <= set(server.store.ciphers)


def test_a_foreign_item_without_fields_is_foreign(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """The server says null, not an empty list."""
    key = place.company.key
    bare = WireCipher(id="1", type=1, name=key.seal_text("x"), revision_date="", fields=None)
    assert open_item(bare, key, {}) is None


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


# Conflicts


def test_a_change_within_a_moment_is_a_conflict(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """The server alone would let pass what is less than two seconds younger."""
    place.open().create_items(make_items(1))
    backend = place.open()
    actual = backend.list_items().items[0]
    place.hand.set_field("infra/secrets/prod/0.yaml", "a", "typed at night")
    with pytest.raises(ConflictError) as error:
        backend.update_item(actual, make_items(1, "new")[0])
    assert error.value.kind == "item-changed"
    assert place.open().list_items().items[0].fields["a"].reveal_text() == "typed at night"


def test_a_server_without_tolerance_is_told_the_exact_date(
    server: FakeVaultwarden, place: VaultwardenPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.fakes.vaultwarden.ciphers.is_outdated",
        lambda cipher, known: known != cipher.updated.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )
    place.open().create_items(make_items(1))
    backend = place.open()
    backend.update_item(backend.list_items().items[0], make_items(1, "new")[0])
    assert place.open().list_items().items[0].fields["a"].reveal_text() == "new"


def test_what_changed_meanwhile_is_not_deleted(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    place.open().create_items(make_items(2))
    backend = place.open()
    listed = backend.list_items().items
    place.hand.set_field("infra/secrets/prod/0.yaml", "a", "typed at night")
    with pytest.raises(ItemsRefusedError) as error:
        backend.delete_items(listed)
    assert [one.kind for one in error.value.errors.values()] == ["item-changed"]
    assert files(place.open()) == Counter({"infra/secrets/prod/0.yaml": 1})


def test_an_item_that_is_gone_is_a_conflict(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    place.open().create_items(make_items(1))
    backend = place.open()
    actual = backend.list_items().items[0]
    place.hand.clear()
    with pytest.raises(ConflictError) as error:
        backend.update_item(actual, make_items(1, "new")[0])
    assert error.value.kind == "item-gone"


@pytest.mark.parametrize(
    ("revision", "known"),
    [
        ("2026-08-20T20:03:56.123456Z", "2026-08-20T20:03:54.123457Z"),
        ("2026-08-20T20:03:00.000000Z", "2026-08-20T20:02:58.000001Z"),
        ("2026-08-20T20:03:00+02:00", "2026-08-20T18:02:58.000001Z"),
        ("2026-08-20T20:03:00", "2026-08-20T20:02:58.000001Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:57.000001Z"),
        ("0001-02-03T00:00:00Z", "0001-02-02T23:59:58.000001Z"),
    ],
)
def test_the_date_that_is_told_leaves_no_moment(revision: str, known: str) -> None:
    assert just_before(revision) == known


ODD_DATES = [
    "nonsense", "", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:00", "2026-02-30T00:00:00Z", "\u0662\u0660\u0662\u0666-01-01", "2026-01-01\0",
]  # fmt: skip


@pytest.mark.parametrize("revision", ODD_DATES)
def test_a_date_that_is_none_is_the_servers_fault(revision: str) -> None:
    with pytest.raises(MalformedError) as error:
        just_before(revision)
    assert error.value.kind == "bad-answer"


def test_an_item_with_an_odd_date_is_read_and_not_overwritten(place: VaultwardenPlace) -> None:
    place.open().create_items(make_items(1))
    backend = place.open()
    actual = backend.list_items().items[0]
    odd = replace(actual, revision="9999999-01-01")
    with pytest.raises(MalformedError):
        backend.update_item(odd, make_items(1, "new")[0])
    assert place.open().list_items().items[0].revision == actual.revision


# What is checked before anything is sent


def test_a_read_only_account_sends_nothing(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    backend = place.open(place.company.staff)
    backend.list_items()
    before = list(server.seen)
    with pytest.raises(CredentialError) as error:
        backend.create_items(make_items(1))
    assert error.value.kind == "mirror-read-only"
    assert server.seen == before


def test_a_collection_is_named_or_refused(server: FakeVaultwarden, place: VaultwardenPlace) -> None:
    company = place.company
    by_id = VaultwardenBackend(place.session(), company.id, [company.collections["prod"]])
    by_id.create_items(
        [make_item("infra/secrets/prod/a.yaml", {}, collection=company.collections["prod"])]
    )
    assert by_id.list_items().items[0].collection == company.collections["prod"]
    for words, kind in [
        (["nowhere"], "unknown-collection"),
        (["prod", company.collections["prod"]], "same-collection"),
    ]:
        with pytest.raises(UsageError) as error:
            VaultwardenBackend(place.session(), company.id, words).list_items()
        assert error.value.kind == kind
    with pytest.raises(CredentialError) as unknown:
        VaultwardenBackend(place.session(), "another", ["prod"]).list_items()
    assert unknown.value.kind == "member-revoked"
    company.service.enable_totp()
    with pytest.raises(UsageError) as known:
        VaultwardenBackend(place.session(), "another", ["prod"]).list_items()
    company.service.disable_totp()
    assert known.value.kind == "not-a-member"


def test_two_collections_of_one_name_are_told_apart_by_id(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    company = place.company
    twin = company.add_collection("prod")
    company.collections["twin"] = twin
    company.change_member(company.service, {"prod": "edit", "dev": "edit", "twin": "edit"})
    with pytest.raises(UsageError) as error:
        place.open().list_items()
    del company.collections["twin"]
    assert error.value.kind == "ambiguous-collection"
    assert twin in error.value.message
    assert company.collections["prod"] in error.value.message


# Drift that only the server knows


def test_an_item_with_its_own_key_is_read_and_damage_is_seen(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """Web clients give an item a key of its own when they edit it."""
    file = "infra/secrets/prod/0.yaml"
    place.open().create_items(make_items(1))
    place.hand.give_own_key(file)
    item = place.open().list_items().items[0]
    assert (item.fields["a"].reveal_text(), item.problems) == ("x", frozenset())
    place.hand.change(file, notes="2.AAAA|AAAA|AAAA")
    assert place.open().list_items().items[0].problems == {"undecryptable"}


def test_an_attachment_of_an_item_of_another_type_is_never_destroyed(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """It would be created again, and the old one deleted."""
    place.open().create_items(make_items(1))
    place.hand.retype("infra/secrets/prod/0.yaml")
    place.hand.attach("infra/secrets/prod/0.yaml")
    backend = place.open()
    item = backend.list_items().items[0]
    assert item.problems == {"retyped", "attached"}
    with pytest.raises(ConflictError) as error:
        backend.update_item(item, make_items(1, "new")[0])
    assert error.value.kind == "item-has-attachment"


def test_an_item_of_another_type_is_replaced(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    place.open().create_items(make_items(1))
    place.hand.retype("infra/secrets/prod/0.yaml")
    backend = place.open()
    item = backend.list_items().items[0]
    assert "retyped" in item.problems
    backend.update_item(item, make_items(1, "new")[0])
    assert [one.problems for one in place.open().list_items().items] == [frozenset()]


def test_an_item_in_several_collections_is_moved(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    file = "infra/secrets/prod/0.yaml"
    place.open().create_items(make_items(1))
    place.hand.put_into(file, ["prod", "other"])
    backend = place.open()
    item = backend.list_items().items[0]
    assert (item.collection, item.problems) == (None, {"moved"})
    backend.update_item(item, make_items(1)[0])
    assert place.hand.find(file)["collectionIds"] == [place.company.collections["prod"]]


def test_an_update_leaves_no_old_secret_behind(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """A client keeps the old value of a hidden field in the item's history."""
    file = "infra/secrets/prod/0.yaml"
    place.open().create_items(make_items(1))
    place.hand.set_field(file, "a", "typed at night")
    assert place.hand.find(file)["passwordHistory"]
    backend = place.open()
    backend.update_item(backend.list_items().items[0], make_items(1)[0])
    assert place.hand.find(file)["passwordHistory"] == []


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
            one.join()
        server.before = lambda _: None
    assert sync(place.open(), make_items(MANY)).after.drift == ()
