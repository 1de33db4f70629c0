"""What a hand does to items behind our back, and what every backend must make of it."""

from __future__ import annotations

from plana_secrets.mirror.backend import DesiredItem
from tests.mirror.steps import (
    LATER,
    OVERWRITE,
    Kept,
    Place,
    contents,
    kinds,
    look,
    make_item,
    sync,
)


class HandContract:
    """A part of ``BackendContract``, which has the fixtures."""

    def test_a_hand_edit_is_left_alone_while_the_rest_is_updated(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.set_field(items[0].file, "db.password", "typed at night")
        newer = make_item(
            items[0].file,
            {"user": "berta", "db.password": 'p"ä\n\tß\\', "empty": self.empty},
            collection=place.collection,
            commit=LATER,
        )
        applied = sync(place.open(), [newer, items[1]])
        assert kinds(applied.after) == [("hand-edited", newer.file, ("db.password",))]
        now = contents(place.open())[newer.file]
        assert (now["db.password"], now["user"]) == ("typed at night", "berta")
        assert sync(place.open(), [newer, items[1]]).updated == 0

    def test_a_hand_edit_is_overwritten_on_demand_and_kept(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.set_field(items[0].file, "db.password", "typed at night")
        keep = Kept()
        applied = sync(place.open(), items, OVERWRITE, keep)
        assert applied.after.drift == ()
        assert [one.fields["db.password"].reveal_text() for one in keep] == ["typed at night"]
        assert contents(place.open())[items[0].file]["db.password"] == 'p"ä\n\tß\\'

    def test_a_hand_edit_that_the_file_takes_over_is_settled(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.set_field(items[0].file, "db.password", "typed at night")
        adopted = make_item(
            items[0].file,
            {"user": "anna", "db.password": "typed at night", "empty": self.empty},
            collection=place.collection,
            commit=LATER,
        )
        found = look(place.open(), [adopted, items[1]])
        assert kinds(found) == [("stale", adopted.file, ("db.password",))]
        assert sync(place.open(), [adopted, items[1]]).after.drift == ()

    def test_fields_added_and_removed_by_hand_are_named(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.add_field(items[0].file, "pin of the safe", "4711")
        place.hand.remove_field(items[0].file, "user")
        found = look(place.open(), items)
        assert kinds(found) == [("hand-edited", items[0].file, ("user", "pin of the safe"))]
        assert sync(place.open(), items).updated == 0
        keep = Kept()
        assert sync(place.open(), items, OVERWRITE, keep).after.drift == ()
        assert [one.fields["pin of the safe"].reveal_text() for one in keep] == ["4711"]

    def test_a_title_and_a_note_changed_by_hand_are_named(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.set_title(items[0].file, "mine")
        place.hand.set_note(items[1].file, "the new one is 12345")
        found = look(place.open(), items)
        assert kinds(found) == [
            ("hand-edited", items[0].file, (".title",)),
            ("hand-edited", items[1].file, (".note",)),
        ]
        assert sync(place.open(), items, OVERWRITE).after.drift == ()

    def test_a_second_field_of_one_name_is_seen(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.add_field(items[0].file, "user", "another")
        found = look(place.open(), items)
        assert [(one.kind.value, one.file) for one in found.drift] == [
            ("hand-edited", items[0].file)
        ]

    def test_a_deleted_item_is_missing_and_is_made_again(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.delete(items[0].file)
        assert kinds(look(place.open(), items)) == [("missing", items[0].file, ())]
        applied = sync(place.open(), items)
        assert (applied.created, applied.after.drift) == (1, ())

    def test_an_item_in_the_trash_is_taken_out(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.trash(items[0].file)
        assert ("trashed", items[0].file, ()) in kinds(look(place.open(), items))
        assert sync(place.open(), items).after.drift == ()

    def test_a_moved_item_is_put_back(self, place: Place, items: list[DesiredItem]) -> None:
        sync(place.open(), items)
        place.hand.move(items[0].file)
        assert ("moved", items[0].file, ()) in kinds(look(place.open(), items))
        assert sync(place.open(), items).after.drift == ()

    def test_a_clone_is_a_duplicate_and_goes(self, place: Place, items: list[DesiredItem]) -> None:
        sync(place.open(), items)
        place.hand.clone(items[0].file)
        assert ("duplicate", items[0].file, ()) in kinds(look(place.open(), items))
        applied = sync(place.open(), items)
        assert (applied.deleted, applied.after.drift) == (1, ())
        assert len(place.open().list_items().items) == len(items)
