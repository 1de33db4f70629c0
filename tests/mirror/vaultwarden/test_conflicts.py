"""A change within a moment is a conflict, whatever the server's dates look like."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from plana_secrets.errors import ConflictError, MalformedError
from plana_secrets.mirror.backends.vaultwarden.items import just_before
from plana_secrets.mirror.itemerrors import ItemsRefusedError
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.vaultwarden.making import files, make_items
from tests.mirror.vaultwarden.place import VaultwardenPlace


@pytest.fixture(params=[False, True], ids=["fractions", "whole seconds"])
def dated(request: pytest.FixtureRequest, server: FakeVaultwarden) -> None:
    """With a MySQL or MariaDB, what is saved within one second has the same date."""
    server.store.whole_seconds = request.param


@pytest.mark.usefixtures("dated")
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


@pytest.mark.usefixtures("dated")
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
