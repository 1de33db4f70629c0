"""A file in several items, on the fake server: a database, or a proxy, with too little room."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plana_secrets.errors import ConflictError, PlanaSecretsError
from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from tests.fakes.people import Company
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer, Request
from tests.mirror.divided import (
    FILE,
    LIMIT,
    STEPS,
    DividedContract,
    check_nothing_is_lost,
    check_settled,
    every_text,
)
from tests.mirror.steps import LATER, make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.refusals import REFUSALS
from tests.mirror.vaultwarden.strays import findings

OF_A_DATABASE = Answer(400, b'{"message":"Error saving cipher"}')


class SmallPlace(VaultwardenPlace):
    """Its items are small, so that the tests are quick."""

    def open(self, *args: Any, **options: Any) -> VaultwardenBackend:
        backend = super().open(*args, **options)
        backend.item_size = LIMIT
        return backend


def limit_items(server: FakeVaultwarden, size: int, answer: Answer = OF_A_DATABASE) -> None:
    """As MariaDB, which refuses fields of more than 65,535 bytes."""

    def before(request: Request) -> Fault | None:
        if request.method not in {"POST", "PUT"} or not request.path.startswith("/api/ciphers"):
            return None
        body = msgspec.json.decode(request.body) if request.body else {}
        fields = body.get("cipher", body).get("fields")
        return Fault(answer=answer) if len(msgspec.json.encode(fields)) > size else None

    server.before = before


class TestFakeServer(DividedContract):
    @pytest.fixture
    def place(self, server: FakeVaultwarden, company: Company, tmp_path: Path) -> SmallPlace:
        limit_items(server, LIMIT, REFUSALS["413"])
        return SmallPlace(company, tmp_path)


@pytest.mark.parametrize("how", list(REFUSALS))
def test_a_large_file_is_divided_whatever_the_server_says(
    server: FakeVaultwarden, place: VaultwardenPlace, how: str
) -> None:
    limit_items(server, 65_535, REFUSALS[how])
    for count in (3, 0):
        applied = sync(place.open(), [huge()])
        assert (applied.failed, applied.after.drift, applied.created) == ({}, (), count)


@pytest.mark.parametrize("before", [0, 3])
def test_a_database_that_cuts_off_what_is_too_long_gets_parts(
    server: FakeVaultwarden, place: VaultwardenPlace, before: int
) -> None:
    """Silently, as a MariaDB does that is not strict; what it kept of the item is no item of ours."""
    server.store.cuts_at = 65_535
    if before:
        sync(place.open(), [huge(count=before)])
    for again in (False, True):
        applied = sync(place.open(), [huge()])
        assert (applied.failed, applied.after.drift) == ({}, ())
        assert not again or applied.created + applied.updated + applied.deleted == 0
    assert len(place.hand.every()) == 3
    assert {place.hand.file_of(one) for one in place.hand.every()} == {
        f"{FILE} ({number}/3)" for number in (1, 2, 3)
    }


def test_what_was_saved_meanwhile_is_not_taken_for_cut_off(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    def after(request: Request) -> None:
        if request.path == "/api/ciphers/create":
            (made,) = server.store.ciphers.values()
            made.data |= {"name": place.company.key.seal_text("mine"), "fields": None}

    server.after = after
    with pytest.raises(ConflictError):
        sync(place.open(), [huge()])
    assert [place.hand.read(one["name"]) for one in place.hand.every()] == ["mine"]


def test_where_the_parts_are_refused_too_the_file_is_named(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    limit_items(server, 20_000, REFUSALS["413"])
    for _ in range(2):
        applied = sync(place.open(), [huge()])
        [(file, error)] = applied.failed.items()
        assert (file, error.kind, error.exit_code) == (FILE, "item-too-large", 3)
        assert FILE in error.message


def test_one_part_that_is_refused_takes_nothing_from_the_others(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """The item that is there keeps its values until all parts are."""
    sync(place.open(), [huge(count=140)])
    limit_items(server, 65_535)
    refuse = server.before
    creations = []

    def before(request: Request) -> Fault | None:
        if request.path == "/api/ciphers/create":
            creations.append(request)
            if len(creations) == 2:
                return Fault(answer=REFUSALS["400"])
        return refuse(request)

    server.before = before
    applied = sync(place.open(), [huge()])
    assert list(applied.failed) == [FILE]
    names = {name for one in place.hand.ciphers() for name, _ in place.hand.fields(one)}
    assert {one.path for one in huge(count=140).fields} <= names
    server.before = refuse
    assert sync(place.open(), [huge()]).after.drift == ()


def test_the_part_with_the_login_is_a_login_item(
    server: FakeVaultwarden, company: Company, tmp_path: Path
) -> None:
    limit_items(server, LIMIT, REFUSALS["413"])
    place = SmallPlace(company, tmp_path)
    values = STEPS["grow"][0] | {"username": "anna", "password": "p"}
    for changed in ("1", "2"):
        item = make_item(FILE, values | {"v00": changed}, collection="prod")
        wanted = [replace(item, record=replace(item.record, form="login"))]
        assert sync(place.open(), wanted).after.drift == ()
        types = {place.hand.file_of(one): one["type"] for one in place.hand.ciphers()}
        assert types == {f"{FILE} (1/3)": 2, f"{FILE} (2/3)": 2, f"{FILE} (3/3)": 1}
        assert every_text(place) == {
            name: {text} for name, text in (values | {"v00": changed}).items()
        }


def test_the_parts_of_a_file_are_no_copies_of_each_other(
    server: FakeVaultwarden, company: Company, tmp_path: Path
) -> None:
    """What an owner's audit says of them, and of a second copy of one."""
    limit_items(server, LIMIT, REFUSALS["413"])
    place = SmallPlace(company, tmp_path)
    sync(place.open(), [make_item(FILE, STEPS["grow"][0], collection="prod")])
    assert findings(place, company.owner) == []
    place.hand.clone(f"{FILE} (2/3)")
    assert findings(place, company.owner) == [("doubled-item", FILE)]


@pytest.mark.long
@pytest.mark.parametrize("done", [False, True], ids=["unsent", "unanswered"])
@pytest.mark.parametrize("step", STEPS)
def test_a_client_that_dies_at_any_request_loses_nothing(
    server: FakeVaultwarden, company: Company, tmp_path: Path, step: str, done: bool
) -> None:
    """From one request on the client hears nothing more, as if it were killed."""
    start, end = STEPS[step]
    place = SmallPlace(company, tmp_path)
    before = [make_item(FILE, start, collection="prod")]
    wanted = [make_item(FILE, end, collection="prod", commit=LATER)]
    for number in range(40):
        place.hand.clear()
        limit_items(server, LIMIT, REFUSALS["413"])
        sync(place.open(), before)
        backend = place.open()
        backend.list_items()
        is_killed = _kill_after(server, number, done=done)
        with suppress(PlanaSecretsError):
            sync(backend, wanted)
        ended = not is_killed()
        limit_items(server, LIMIT, REFUSALS["413"])
        check_nothing_is_lost(place, start, end)
        check_settled(place, end)
        if ended:
            return
    raise AssertionError(number)


def _kill_after(server: FakeVaultwarden, number: int, *, done: bool) -> Callable[[], bool]:
    refuse, left = server.before, iter(range(number))

    def before(request: Request) -> Fault | None:
        nonlocal is_killed
        fault = refuse(request)
        if not is_killed and next(left, None) is not None:
            return fault
        first, is_killed = not is_killed, True
        return Fault(done=done and first and fault is None)

    is_killed = False
    server.before = before
    return lambda: is_killed


def huge(count: int = 400) -> DesiredItem:
    values = {f"value{number}": "x" * 20 for number in range(count)}
    return make_item(FILE, values, collection="prod")
