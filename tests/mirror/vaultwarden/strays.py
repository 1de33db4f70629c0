"""Items in no collection, elsewhere, and twice: what an owner sees and fixes, on any server."""

from __future__ import annotations

import pytest

from plana_secrets.errors import CredentialError
from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.backends.vaultwarden.audit import audit_access
from tests.fakes.people import MANAGER, Person
from tests.mirror.steps import PRUNE, contents, make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace

CHECKS = {"loose-item", "stray-item", "doubled-item", "items-not-seen"}


def make_items() -> list[DesiredItem]:
    return [
        make_item(f"infra/secrets/prod/{name}.yaml", {"a": name}, collection="prod")
        for name in ("loose", "stray", "doubled", "fine", "gone")
    ]


def findings(place: VaultwardenPlace, person: Person) -> list[tuple[str, str]]:
    found = audit_access(
        place.session(person),
        organization=place.company.id,
        collections=["prod", "dev"],
        service_account=place.company.service.email,
        break_glass=[place.company.owner.email],
    )
    return sorted((one.check, one.who) for one in found if one.check in CHECKS)


def scatter(place: VaultwardenPlace) -> None:
    """As after a collection was deleted, and what people do."""
    sync(place.open(), make_items())
    place.hand.clone("infra/secrets/prod/doubled.yaml")
    place.hand.put_into("infra/secrets/prod/stray.yaml", ["other"])
    lost = place.company.add_collection("lost")
    place.company.collections["lost"] = lost
    for name in ("loose", "gone"):
        place.hand.put_into(f"infra/secrets/prod/{name}.yaml", ["lost"])
    path = f"/api/organizations/{place.company.id}/collections/{lost}"
    place.company.owner.call("DELETE", path)
    del place.company.collections["lost"]


class StraysContract:
    def test_an_owner_sees_them_and_fixes_them(self, place: VaultwardenPlace) -> None:
        scatter(place)
        owner, wanted = place.company.owner, make_items()[:-1]
        assert findings(place, owner) == [
            ("doubled-item", "infra/secrets/prod/doubled.yaml"),
            ("loose-item", "infra/secrets/prod/gone.yaml"),
            ("loose-item", "infra/secrets/prod/loose.yaml"),
            ("stray-item", "infra/secrets/prod/stray.yaml"),
        ]
        before = {one["id"] for one in place.hand.every()}
        applied = sync(place.open(owner, as_owner=True), wanted, PRUNE)
        assert (applied.created, applied.updated, applied.deleted) == (0, 2, 2)
        assert findings(place, owner) == []
        every = place.hand.every()
        assert {one["id"] for one in every} < before
        assert {tuple(one["collectionIds"]) for one in every} == {
            (place.company.collections["prod"],)
        }
        assert sync(place.open(), wanted).after.drift == ()

    def test_what_was_typed_into_a_loose_item_is_left_alone(self, place: VaultwardenPlace) -> None:
        """The service account has created the item again meanwhile."""
        scatter(place)
        place.hand.set_field("infra/secrets/prod/loose.yaml", "a", "typed at night")
        sync(place.open(), make_items()[:-1])
        owner = place.company.owner
        assert ("doubled-item", "infra/secrets/prod/loose.yaml") in findings(place, owner)
        applied = sync(place.open(owner, as_owner=True), make_items()[:-1], PRUNE)
        assert {one.kind.value for one in applied.left} == {"duplicate", "hand-edited"}
        texts = [text for one in place.hand.every() for _, text in place.hand.fields(one)]
        assert "typed at night" in texts
        assert contents(place.open())["infra/secrets/prod/loose.yaml"]["a"] == "loose"

    def test_who_does_not_see_them_says_so(self, place: VaultwardenPlace) -> None:
        company = place.company
        rights = dict.fromkeys(("prod", "dev", "other"), "manage")
        company.change_member(company.service, rights, MANAGER)
        try:
            assert findings(place, company.service) == [("items-not-seen", "")]
        finally:
            company.change_member(company.service, dict.fromkeys(rights, "edit"))
        with pytest.raises(CredentialError) as error:
            findings(place, company.service)
        assert "which items are in no collection" in error.value.message
        with pytest.raises(CredentialError) as refused:
            place.open(as_owner=True).list_items()
        assert refused.value.kind == "not-an-owner"
