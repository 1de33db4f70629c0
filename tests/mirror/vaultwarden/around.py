"""What people change around the values of an item: the same on the fake and on a real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from tests.mirror.steps import LATER, OVERWRITE, PRUNE, Kept, kinds, look, make_item, sync
from tests.mirror.vaultwarden.place import OwnersHand, VaultwardenPlace
from tests.mirror.vaultwarden.strays import findings

FILE = "infra/secrets/prod/a.yaml"


def item(value: str = "1") -> DesiredItem:
    return make_item(FILE, {"a": value, "b": "2"}, collection="prod", commit=LATER)


def keep_history(hand: OwnersHand) -> None:
    """A value was changed by hand and changed back: the old one is in the history."""
    hand.set_field(FILE, "a", "typed at night")
    hand.set_field(FILE, "a", "1")


def show_field(hand: OwnersHand) -> None:
    hand.change(FILE, fields=[one | {"type": 0} for one in hand.find(FILE)["fields"]])


def ask_again(hand: OwnersHand) -> None:
    hand.change(FILE, reprompt=1)


class AroundContract:
    @pytest.mark.parametrize("change", [keep_history, show_field, ask_again])
    def test_what_is_around_the_values_is_seen_and_fixed(
        self, place: VaultwardenPlace, change: Callable[[OwnersHand], None]
    ) -> None:
        sync(place.open(), [item()])
        change(place.hand)
        assert kinds(look(place.open(), [item()])) == [("altered", FILE, ())]
        applied = sync(place.open(), [item()])
        assert (applied.updated, applied.after.drift) == (1, ())
        cipher = place.hand.find(FILE)
        assert cipher["passwordHistory"] in (None, [])
        assert (cipher["reprompt"], {one["type"] for one in cipher["fields"]}) == (0, {1})

    def test_an_organization_of_another_name_is_the_same_one(self, place: VaultwardenPlace) -> None:
        sync(place.open(), [item()])
        place.company.rename("Another name")
        assert look(place.open(), [item()]).drift == ()
        applied = sync(place.open(), [item("new")])
        assert (applied.created, applied.updated, applied.after.drift) == (0, 1, ())
        assert findings(place, place.company.owner) == []
        lost = VaultwardenBackend(place.session(), place.company.id, ["renamed"])
        with pytest.raises(UsageError) as error:
            lost.list_items()
        assert "in 'Another name'; it sees: 'dev', 'other', 'prod'" in error.value.message

    def test_an_attachment_is_kept_and_named(self, place: VaultwardenPlace) -> None:
        sync(place.open(), [item()])
        place.hand.attach(FILE)
        applied = sync(place.open(), [item("new")])
        assert (applied.updated, kinds(applied.after)) == (1, [("attached", FILE, ())])
        assert len(place.hand.find(FILE)["attachments"]) == 1
        assert sync(place.open(), [item("new")]).updated == 0
        other = make_item("infra/secrets/prod/z.yaml", {"z": "1"}, collection="prod")
        for choices in (PRUNE, OVERWRITE):
            left = sync(place.open(), [other], choices, Kept())
            assert left.deleted == 0
            assert kinds(left.after)[0] == ("attached", FILE, ())
