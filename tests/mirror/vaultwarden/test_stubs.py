"""An item of ours that stayed empty is swept, and nothing that holds anything."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from plana_secrets.mirror.backends.vaultwarden.items import is_stub, open_item
from plana_secrets.mirror.backends.vaultwarden.models import Cipher as WireCipher
from plana_secrets.mirror.backends.vaultwarden.models import CipherField
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.fakes.vaultwarden.store import Cipher
from tests.mirror.vaultwarden.making import make_items
from tests.mirror.vaultwarden.place import VaultwardenPlace


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
