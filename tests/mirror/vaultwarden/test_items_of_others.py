"""Accounts that may not write, collections by name, and items as people and clients leave them."""

from __future__ import annotations

import pytest

from plana_secrets.errors import ConflictError, CredentialError, UsageError
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.contract import make_item
from tests.mirror.vaultwarden.making import make_items
from tests.mirror.vaultwarden.place import VaultwardenPlace


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
