"""What an item is by the cipher that holds it, whatever a person or a server did to that. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from plana_secrets.errors import FailedError
from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.mirror.backends.vaultwarden.items import (
    blame_size,
    carry_over,
    is_ahead,
    open_item,
    seal_item,
)
from plana_secrets.mirror.backends.vaultwarden.models import Cipher
from plana_secrets.mirror.item import TITLE
from plana_secrets.mirror.itemerrors import ItemChangedError, ItemTooLargeError, NotWritableError
from tests.mirror.steps import make_item

KEY, OTHER = SymmetricKey.generate(), SymmetricKey.generate()
ITEM = make_item("a.yaml", {"user": "anna", "pin": "1"}, collection="prod", repository="r-1")
WORDS = {"c1": "prod", "c2": "dev"}


def cipher(item: DesiredItem = ITEM, by: SymmetricKey = KEY, **changes: Any) -> Cipher:
    """As the server has what we sent, but for ``changes``."""
    sealed = seal_item(item, "org", by) | {
        "id": "1", "revisionDate": "2026-11-23T10:00:00Z", "collectionIds": ["c1"]
    }  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(sealed | changes), type=Cipher)


def problems(**changes: Any) -> set[str]:
    item = open_item(cipher(**changes), KEY, WORDS)
    assert item is not None
    return set(item.problems)


def field(
    name: str, value: str | None, *, type_: int = 1, key: SymmetricKey = KEY
) -> dict[str, Any]:
    return {"type": type_, "name": key.seal_text(name), "value": value and key.seal_text(value)}


def fields(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [*seal_item(ITEM, "org", KEY)["fields"], *more]


def test_an_item_is_opened_as_it_was_sealed() -> None:
    item = open_item(cipher(), KEY, WORDS)
    assert item is not None
    assert (item.title, item.note, item.collection) == (ITEM.title, ITEM.note, "prod")
    assert (item.record, item.problems, item.is_held) == (ITEM.record, frozenset(), False)
    assert {name: one.reveal_text() for name, one in item.fields.items()} == {
        "user": "anna",
        "pin": "1",
    }
    assert item.revision == "2026-11-23T10:00:00Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"fields": None},
        {"fields": []},
        {"fields": [field("pin", "1")]},
        {"fields": [field("pin", None)]},
    ],
)
def test_what_carries_no_record_is_no_item_of_ours(changes: dict[str, Any]) -> None:
    assert open_item(cipher(**changes), KEY, WORDS) is None
    assert open_item(cipher(), OTHER, WORDS) is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"deletedDate": "2026-11-23T10:00:00Z"}, {"trashed"}),
        ({"type": 1}, {"retyped"}),
        ({"attachments": [{}]}, {"attached"}),
        ({"attachments": []}, set()),
        ({"login": {"fido2Credentials": [{"a": "b"}]}}, {"attached"}),
        ({"passwordHistory": [{}]}, {"altered"}),
        ({"passwordHistory": []}, set()),
        ({"reprompt": 1}, {"altered"}),
        ({"reprompt": 0}, set()),
        ({"fields": fields(field("x", "1", type_=0))}, {"altered"}),
        ({"login": {"uris": [{"uri": None, "match": 0}]}}, {"altered"}),
        ({"login": {"uris": [{"uri": None}]}}, set()),
        ({"login": "x"}, {"undecryptable"}),
        ({"fields": fields(field("x", "1", key=OTHER))}, {"undecryptable"}),
        ({"name": OTHER.seal_text("x")}, {"undecryptable"}),
        ({"notes": OTHER.seal_text("x")}, {"undecryptable"}),
        ({"notes": KEY.seal(b"\xff")}, {"undecryptable"}),
        ({"key": OTHER.seal(b"k" * 64)}, {"undecryptable"}),
        ({"key": KEY.seal(b"short")}, {"undecryptable"}),
        ({"collectionIds": ["c2"]}, set()),
        ({"collectionIds": ["c3"]}, {"moved"}),
        ({"collectionIds": []}, {"moved"}),
        ({"collectionIds": ["c1", "c2"]}, {"moved"}),
    ],
)  # fmt: skip
def test_whatever_was_done_to_an_item_is_a_problem_of_its_own(
    changes: dict[str, Any], found: set[str]
) -> None:
    assert problems(**changes) == found


def test_an_item_with_a_key_of_its_own_is_opened_by_it() -> None:
    own = SymmetricKey.generate()
    sealed = cipher(by=own, key=KEY.seal(own.reveal().reveal()))
    item = open_item(sealed, KEY, WORDS)
    assert item is not None
    assert (item.record, item.problems) == (ITEM.record, frozenset())


def test_a_record_that_is_broken_is_an_item_that_nothing_is_known_of() -> None:
    broken = [one for one in fields() if "record" not in KEY.open(one["name"]).reveal_text()]
    item = open_item(cipher(fields=[*broken, field("plana-secrets record", "x")]), KEY, WORDS)
    assert item is not None
    assert (item.record, item.problems) == (None, {"undecryptable"})


def test_an_item_where_the_account_may_not_write_is_held() -> None:
    for ids, held in ((["c1"], False), (["c2"], True), (["c1", "c2"], True), ([], False)):
        item = open_item(cipher(collectionIds=ids), KEY, WORDS, ["c2"])
        assert item is not None
        assert item.is_held is held


def test_a_name_that_we_use_ourselves_is_a_field_of_another_name() -> None:
    item = open_item(cipher(fields=fields(field(TITLE, "x"), field("pin", "2"))), KEY, WORDS)
    assert item is not None
    assert {"pin", "pin (2)", f"{TITLE} (2)"} <= item.fields.keys()


LOGIN = make_item(
    "a.yaml", {"username": "anna", "password": "geheim", "pin": "1"}, repository="r-1"
)
LOGIN = replace(LOGIN, record=replace(LOGIN.record, form="login"))


def shown(sealed: Cipher) -> dict[str, str]:
    item = open_item(sealed, KEY, WORDS)
    assert item is not None
    assert not item.problems
    return {name: one.reveal_text() for name, one in item.fields.items()}


def test_a_login_shows_its_parts_under_the_names_of_their_leaves() -> None:
    sealed = cipher(LOGIN)
    assert sealed.type == 1
    assert len(sealed.fields or []) == len(fields()) - 1
    assert shown(sealed) == {"username": "anna", "password": "geheim", "pin": "1"}
    changed = msgspec.to_builtins(sealed)["login"] | {"password": KEY.seal_text("mine")}
    assert shown(cipher(LOGIN, login=changed))["password"] == "mine"
    gone = cipher(LOGIN, login=changed | {"password": None})
    assert "password" not in shown(gone)


def test_a_field_beside_a_part_of_the_same_name_is_kept_if_it_has_a_content() -> None:
    more = [*(one for one in seal_item(LOGIN, "org", KEY)["fields"])]
    assert (
        shown(cipher(LOGIN, fields=[*more, field("password", "by hand")]))["password (2)"]
        == "by hand"
    )
    assert "password (2)" not in shown(cipher(LOGIN, fields=[*more, field("password", None)]))


def test_passkeys_go_along_with_an_update_of_a_login_and_only_there() -> None:
    login = replace(ITEM, record=replace(ITEM.record, form="login"))
    passkey = {"credentialId": KEY.seal_text("id"), "creationDate": "2026-11-23"}
    held = cipher(login, login={"fido2Credentials": [passkey]})
    (kept,) = carry_over(held, seal_item(login, "org", KEY), KEY)["login"]["fido2Credentials"]
    assert KEY.open(kept["credentialId"]).reveal_text() == "id"
    assert kept["creationDate"] == "2026-11-23"
    assert carry_over(held, seal_item(ITEM, "org", KEY), KEY)["login"] is None
    plain = seal_item(login, "org", KEY)
    assert carry_over(cipher(login), plain, KEY) == plain


@pytest.mark.parametrize(
    ("error", "size", "blamed"),
    [
        (FailedError("no"), 65_600, True),
        (FailedError("no"), 60_000, False),
        (ItemChangedError("no"), 65_600, False),
        (ItemTooLargeError("no"), 65_600, False),
        (NotWritableError("no"), 65_600, False),
    ],
)
def test_a_large_item_is_blamed_where_nothing_else_is_known(
    error: FailedError, size: int, blamed: bool
) -> None:
    found = blame_size(error, {"fields": ["x" * size]}, ITEM)
    assert (found is not error) is blamed
    assert not blamed or isinstance(found, ItemTooLargeError)


def test_a_revision_is_ahead_by_more_than_two_seconds() -> None:
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    for seconds, ahead in ((0, False), (1.999_999, False), (2, True), (-5, False)):
        revision = (now + timedelta(seconds=seconds)).isoformat()
        assert is_ahead(revision, now) is ahead
    assert not is_ahead(now.isoformat(), None)
