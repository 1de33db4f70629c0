"""Which items of a server stay closed, and what opens them again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from plana_secrets.mirror.agreed import Agreed, agree
from plana_secrets.mirror.backend import NOTHING_KNOWN, Known, Listing, Recall
from plana_secrets.mirror.backends.vaultwarden import backend as backend_module
from plana_secrets.mirror.backends.vaultwarden import view as view_module
from plana_secrets.mirror.backends.vaultwarden.closed import (
    Seen,
    context_of,
    digest_of,
    read_closed,
)
from plana_secrets.mirror.drift import Choices, Wanted
from plana_secrets.mirror.plan import plan_mirror
from plana_secrets.secret import Secret
from tests.fakes.people import MANAGER, Company
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.closing import Files, Repository
from tests.mirror.steps import make_item
from tests.mirror.vaultwarden.place import OwnersHand, VaultwardenPlace

FILE = "infra/secrets/prod/a.yaml"
OTHER = "infra/secrets/prod/b.yaml"
ITEMS = [
    make_item(file, {"user": "anna"}, collection="prod", repository="r-1") for file in (FILE, OTHER)
]


def keyed(context: Secret) -> str:
    return context.reveal().hex()


@pytest.fixture
def known(place: VaultwardenPlace) -> Recall:
    """Two items, a foreign one, and what is known of them after a look."""
    place.hand.add_foreign("mail")
    place.open().create_items(ITEMS)
    wanted = Wanted(tuple(ITEMS))
    listing = place.open().list_items(Agreed().recall([], keyed))
    plan = plan_mirror(wanted, listing, Choices())
    files = Files(Repository({one.file: {"user": "anna"} for one in ITEMS}))
    agreed = agree(Agreed(), files, wanted, listing, plan, keyed)
    assert agreed is not None
    return agreed.recall([one.file for one in ITEMS], keyed)


def opened(listing: Listing) -> list[str]:
    return sorted(item.record.file if item.record else item.id for item in listing.items)


def test_nothing_is_opened_where_nothing_changed(
    place: VaultwardenPlace, known: Recall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the keys, which is what takes longest."""

    def refuse(*_: object) -> Any:
        raise AssertionError("opened")

    monkeypatch.setattr(view_module, "open_organization", refuse)
    monkeypatch.setattr(view_module, "open_item", refuse)
    listing = place.open().list_items(known)
    assert (opened(listing), listing.count, listing.foreign) == ([], 2, 1)
    assert sorted(listing.origins()) == [(FILE, "a" * 40), (OTHER, "a" * 40)]


def test_the_same_answer_is_not_even_taken_apart(
    place: VaultwardenPlace, known: Recall, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts = place.open().list_items(replace(known, is_all=None))
    monkeypatch.setattr(backend_module, "read_closed", None)
    listing = place.open().list_items(known)
    assert (listing.count, listing.foreign) == (in_parts.count, in_parts.foreign)
    assert sorted(listing.origins()) == sorted(in_parts.origins())


def test_after_the_same_answer_there_is_still_something_to_write_to(
    place: VaultwardenPlace, known: Recall
) -> None:
    backend = place.open()
    ids = [item.id for item in backend.list_items().items]
    assert backend.list_items(known).is_as_recalled
    assert backend.list_again(ids) is None
    more = make_item("infra/secrets/prod/c.yaml", {"a": "b"}, collection="prod", repository="r-1")
    backend.create_items([more])
    assert backend.list_items(known).count == 3


def mark(hand: OwnersHand, file: str) -> None:
    """As a favorite of the account that looks."""
    path = f"/api/ciphers/{hand.find(file)['id']}/partial"
    hand.company.service.call("PUT", path, {"folderId": None, "favorite": True})


def test_items_are_compared_a_few_at_a_time_and_not_kept(
    place: VaultwardenPlace, known: Recall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What agrees is known from then on, as if it had been left closed."""
    seen: list[list[str]] = []

    def settle(listing: Listing) -> list[str]:
        seen.append([item.id for item in listing.items])
        return seen[-1]

    monkeypatch.setattr(backend_module, "_AT_ONCE", 1)
    listing = place.open().list_items(Recall({}, known.holds, settle))
    assert sorted(len(some) for some in seen) == [0, 1, 1]
    ours = {key: one for key, one in known.items.items() if one.file is not None}
    assert (listing.items, listing.foreign, listing.known) == ((), 1, ours)
    assert sorted(listing.origins()) == [(FILE, "a" * 40), (OTHER, "a" * 40)]


MOVES: dict[str, Callable[[OwnersHand], object]] = {
    "a value": lambda hand: hand.set_field(FILE, "user", "berta"),
    "a field more": lambda hand: hand.add_field(FILE, "pin", "1"),
    "a title": lambda hand: hand.set_title(FILE, "mine"),
    "a note": lambda hand: hand.set_note(FILE, "mine"),
    "the same again": lambda hand: hand.change(FILE),
    "the trash": lambda hand: hand.trash(FILE),
    "another collection": lambda hand: hand.move(FILE),
    "one more collection": lambda hand: hand.put_into(FILE, ["prod", "dev"]),
    "an attachment": lambda hand: hand.attach(FILE),
    "a key of its own": lambda hand: hand.give_own_key(FILE),
    "a mark of the account itself": lambda hand: mark(hand, FILE),
    "a reprompt": lambda hand: hand.change(FILE, reprompt=1),
}


@pytest.mark.parametrize("name", sorted(MOVES))
def test_an_item_that_changed_is_opened(place: VaultwardenPlace, known: Recall, name: str) -> None:
    MOVES[name](place.hand)
    listing = place.open().list_items(known)
    assert opened(listing) == [FILE]
    assert listing.items == tuple(
        one for one in place.open().list_items().items if one.record and one.record.file == FILE
    )


def test_a_copy_and_another_foreign_item_are_opened(place: VaultwardenPlace, known: Recall) -> None:
    place.hand.clone(FILE)
    place.hand.add_foreign("more mail")
    listing = place.open().list_items(known)
    assert (opened(listing), listing.count, listing.foreign) == ([FILE], 3, 2)


def test_another_account_opens_everything(
    place: VaultwardenPlace, known: Recall, company: Company
) -> None:
    listing = place.open(company.staff).list_items(known)
    assert (opened(listing), listing.count, listing.foreign) == ([FILE, OTHER], 2, 1)


def test_other_rights_and_other_names_open_everything(
    place: VaultwardenPlace, known: Recall, company: Company
) -> None:
    assert opened(place.open().list_items(known)) == []
    company.change_member(company.service, {"prod": "edit", "dev": "edit"}, role=MANAGER)
    assert opened(place.open().list_items(known)) == [FILE, OTHER]


def test_an_owner_opens_everything(
    place: VaultwardenPlace, known: Recall, company: Company
) -> None:
    listing = place.open(company.owner, as_owner=True).list_items(known)
    assert (opened(listing), listing.context) == ([FILE, OTHER], None)


def test_another_password_opens_everything(
    place: VaultwardenPlace, known: Recall, server: FakeVaultwarden
) -> None:
    """It has to be tried: a wrong one is an error, with nothing to open as well."""
    del server
    backend = place.open()
    session = backend._session
    session.credentials = _with_password(session.credentials)
    assert opened(backend.list_items(known)) == [FILE, OTHER]


def _with_password(credentials: Any) -> Any:
    return replace(credentials, master_password=Secret(b"another"))


def test_a_few_items_are_read_again_alone(place: VaultwardenPlace, known: Recall) -> None:
    """Whatever happened to them, as the whole list says it, down to the digest."""
    backend = place.open()
    before = {one.record.file: one.id for one in backend.list_items().items if one.record}
    place.hand.set_field(FILE, "user", "berta")
    place.hand.trash(OTHER)
    asked = backend.requests
    again = backend.list_again(list(before.values()))
    assert backend.requests - asked == len(before)
    assert again == backend.list_items()
    assert again is not None
    assert again.count == 2


def test_where_an_item_is_gone_or_another_persons_only_the_list_tells(
    place: VaultwardenPlace, known: Recall
) -> None:
    backend = place.open()
    assert backend.list_again(["before any list"]) is None
    (mine, yours) = backend.list_items().items
    assert backend.list_again(["never seen"]) is None
    place.hand.change(FILE, fields=[])
    place.hand.delete(OTHER)
    for item in (mine, yours):
        assert backend.list_again([item.id]) is None


# -- one answer of a server, in this process

SYNCED: dict[str, Any] = {
    "profile": {
        "id": "me",
        "email": "me@example.test",
        "key": "wrapped",
        "privateKey": "private",
        "accountKeys": {"publicKeyEncryptionKeyPair": {"wrappedPrivateKey": "pair"}},
        "organizations": [{"id": "ours", "type": 2, "key": "k"}, {"id": "theirs", "type": 2}],
    },
    "collections": [
        {"id": "c1", "organizationId": "ours", "name": "prod"},
        {"id": "c2", "organizationId": "ours", "name": "dev"},
        {"id": "c3", "organizationId": "theirs", "name": "x"},
    ],
    "userDecryption": {"masterPasswordUnlock": {"kdf": {"kdfType": 0, "iterations": 1}}},
    "ciphers": [
        {"id": name, "type": 1, "name": name, "revisionDate": "r", "organizationId": whose}
        for name, whose in [("a", "ours"), ("b", "ours"), ("x", "theirs"), ("mine", None)]
    ],
}


def see(answer: dict[str, Any] = SYNCED, recall: Recall = NOTHING_KNOWN) -> Seen:
    return read_closed(json.dumps(answer).encode(), "ours", recall)


def test_the_items_of_another_organization_are_none_of_ours() -> None:
    seen = see()
    assert [json.loads(bytes(one))["id"] for one in seen.ciphers] == ["a", "b"]
    assert [one.id for one in seen.personal] == ["mine"]
    digests = {one["id"]: digest_of(json.dumps(one).encode()) for one in SYNCED["ciphers"]}
    assert seen.digests == {name: digests[name] for name in "ab"}


def test_an_item_is_closed_by_its_digest_and_never_the_second_of_an_id() -> None:
    known = Known(see().digests["a"], FILE)
    recall = Recall({"a": known}, lambda _: True)
    seen = see(recall=recall)
    assert seen.known == {"a": known}
    assert [json.loads(bytes(one))["id"] for one in seen.ciphers] == ["b"]
    twice = SYNCED | {"ciphers": [*SYNCED["ciphers"], SYNCED["ciphers"][0]]}
    assert [json.loads(bytes(one))["id"] for one in see(twice, recall).ciphers] == ["b", "a"]


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "the account": lambda sync: sync["profile"].update(id="other"),
    "its key": lambda sync: sync["profile"].update(key="other"),
    "its private key": lambda sync: sync["profile"].update(privateKey="other"),
    "its keys": lambda sync: sync["profile"].update(accountKeys={"securityState": {}}),
    "its unlocking": lambda sync: sync.update(userDecryption=None),
    "its role": lambda sync: sync["profile"]["organizations"][0].update(type=0),
    "the organization's key": lambda sync: sync["profile"]["organizations"][0].update(key="other"),
    "a collection's name": lambda sync: sync["collections"][0].update(name="other"),
    "a collection's rights": lambda sync: sync["collections"][1].update(readOnly=True),
    "a collection less": lambda sync: sync["collections"].pop(0),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_whatever_decides_what_items_say_is_in_the_context(name: str) -> None:
    changed = json.loads(json.dumps(SYNCED))
    CHANGES[name](changed)
    assert context_of(see(changed), "ours") != context_of(see(), "ours")


def test_what_says_nothing_of_our_items_is_not_in_the_context() -> None:
    other = json.loads(json.dumps(SYNCED))
    other["collections"].reverse()
    other["collections"][0]["name"] = "another organization's"
    other["profile"]["organizations"][1]["type"] = 0
    assert context_of(see(other), "ours") == context_of(see(), "ours")
    assert context_of(see(), "theirs") != context_of(see(), "ours")
