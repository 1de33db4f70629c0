"""What every backend of the mirror must do: one suite, inherited by each backend's tests.

The fixture ``place`` is that of a subclass or of its folder. ``Place.hand`` is somebody else with another
client, who may write: everything that people can do to a mirror behind our back; see ``hand``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest

from plana_secrets.errors import ConflictError
from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.drift import Choices
from plana_secrets.mirror.owner import OwnItems
from tests.mirror.hand import HandContract
from tests.mirror.steps import (
    LATER,
    PRUNE,
    Interrupted,
    Interrupting,
    Place,
    contents,
    kinds,
    look,
    make_item,
    sync,
)


class BackendContract(HandContract):
    """The behaviour that the core relies on."""

    empty: ClassVar[str] = ""
    """The content of a value that is empty, where a backend can hold it."""

    @pytest.fixture
    def items(self, place: Place) -> list[DesiredItem]:
        """Two files; one value of several lines, one in another alphabet, one empty."""
        return [
            make_item(
                "infra/secrets/prod/a.yaml",
                {"user": "anna", "db.password": 'p"ä\n\tß\\', "empty": self.empty},
                collection=place.collection,
            ),
            make_item(
                "infra/secrets/prod/b.yaml",
                {'stringData["jwt.json"]': '{"k": 1}\n', "list[0]": " x "},
                collection=place.collection,
            ),
        ]

    def test_a_new_place_holds_nothing(self, place: Place) -> None:
        listing = place.open().list_items()
        assert (listing.items, listing.foreign) == ((), 0)

    def test_what_was_created_is_listed_as_it_was_desired(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        place.open().create_items(items)
        listed = {item.record.file: item for item in place.open().list_items().items if item.record}
        assert set(listed) == {item.file for item in items}
        for item in items:
            actual = listed[item.file]
            assert (actual.title, actual.note) == (item.title, item.note)
            assert actual.collection == item.collection
            assert dict(actual.fields) == {one.path: one.shown for one in item.fields}
            assert actual.record == item.record
            assert actual.problems == frozenset()

    def test_after_a_sync_nothing_is_left_to_do(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        applied = sync(place.open(), items)
        assert (applied.created, applied.updated, applied.deleted) == (2, 0, 0)
        assert applied.after.drift == ()
        again = sync(place.open(), items)
        assert (again.created, again.updated, again.deleted) == (0, 0, 0)

    def test_a_changed_file_is_stale_and_is_updated(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        newer = make_item(
            items[0].file,
            {"user": "anna", "db.password": "new", "added": "1"},
            collection=place.collection,
            commit=LATER,
        )
        found = look(place.open(), [newer, items[1]])
        assert kinds(found) == [("stale", newer.file, ("db.password", "added", "empty"))]
        applied = sync(place.open(), [newer, items[1]])
        assert (applied.created, applied.updated, applied.deleted) == (0, 1, 0)
        assert applied.after.drift == ()
        assert contents(place.open())[newer.file] == {
            "user": "anna",
            "db.password": "new",
            "added": "1",
        }

    def test_a_commit_that_changes_nothing_leaves_the_items_alone(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        later = [
            make_item(
                item.file,
                {one.path: one.shown.reveal_text() for one in item.fields},
                collection=place.collection,
                commit=LATER,
            )
            for item in items
        ]
        found = look(place.open(), later)
        assert (found.drift, found.is_empty) == ((), True)

    def test_a_removed_file_goes_only_when_pruned(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        left = sync(place.open(), items[:1])
        assert kinds(left.after) == [("extra", items[1].file, ())]
        assert sync(place.open(), items[:1], PRUNE).deleted == 1
        assert set(contents(place.open())) == {items[0].file}

    def test_a_trashed_item_of_a_removed_file_is_pruned_for_good(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.trash(items[1].file)
        assert sync(place.open(), items[:1], PRUNE).deleted == 1
        assert [item.record.file for item in place.open().list_items().items if item.record] == [
            items[0].file
        ]

    def test_an_unknown_file_is_neither_updated_nor_pruned(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        before = place.open().list_items().items
        unknown = {items[1].file: "no identity fits"}
        applied = sync(place.open(), items[:1], PRUNE, unknown=unknown)
        assert kinds(applied.after) == [("unknown", items[1].file, ())]
        assert place.open().list_items().items == before

    def test_foreign_items_are_counted_and_never_touched(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        place.hand.add_foreign("somebody's mail")
        before = place.hand.foreign()
        applied = sync(place.open(), items)
        assert (applied.after.drift, applied.listing.foreign) == ((), 1)
        sync(place.open(), items[:1], Choices(prune=True, overwrite_edits=True))
        sync(place.open(), [], Choices(prune=True, overwrite_edits=True))
        assert place.hand.foreign() == before
        assert place.open().list_items().items == ()

    def test_an_item_that_changed_since_it_was_listed_is_a_conflict(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        backend = place.open()
        listed = {item.record.file: item for item in backend.list_items().items if item.record}
        self.pass_time()
        place.hand.set_field(items[0].file, "user", "meanwhile")
        with pytest.raises(ConflictError) as error:
            backend.update_item(listed[items[0].file], items[0])
        assert error.value.kind == "item-changed"
        assert contents(place.open())[items[0].file]["user"] == "meanwhile"

    def pass_time(self) -> None:
        """For a backend whose guard is blind to what happens within one moment."""

    def test_an_item_moves_with_its_desired_collection(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        """Where the mapping changes, the item follows (a backend without collections: no drift)."""
        sync(place.open(), items)
        assert look(place.open(), [replace(item) for item in items]).drift == ()

    def test_a_renamed_file_keeps_its_item_and_what_was_typed_into_it(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.set_field(items[0].file, "user", "typed at night")
        before = {one.id for one in place.open().list_items().items}
        renamed = make_item(
            "infra/secrets/prod/renamed.yaml",
            {one.path: one.shown.reveal_text() for one in items[0].fields},
            collection=place.collection,
            commit=LATER,
        )
        applied = sync(place.open(), [renamed, items[1]])
        assert (applied.created, applied.updated, applied.deleted) == (0, 1, 0)
        assert kinds(applied.after) == [("hand-edited", renamed.file, ("user",))]
        assert {one.id for one in place.open().list_items().items} == before
        assert contents(place.open())[renamed.file]["user"] == "typed at night"

    def test_two_repositories_in_one_place_touch_only_their_own(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        """Also with files of the same names, and with everything allowed."""

        def of(owner: str, *, count: int = 2) -> list[DesiredItem]:
            return [
                make_item(one.file, {"x": owner}, collection=place.collection, repository=owner)
                for one in items[:count]
            ]

        def opened(owner: str) -> OwnItems:
            return OwnItems(place.open(), owner)

        everything = Choices(prune=True, overwrite_edits=True, restamp=True)
        for owner in ("r-a", "r-b"):
            applied = sync(opened(owner), of(owner), everything)
            assert (applied.created, applied.after.drift) == (2, ())
        for owner, other in (("r-a", "r-b"), ("r-b", "r-a")):
            applied = sync(opened(owner), of(owner, count=1), everything)
            assert (applied.deleted, applied.after.drift) == (1, ())
            assert applied.listing.foreign == len(opened(other).list_items().items)
        assert contents(opened("r-a")) == {items[0].file: {"x": "r-a"}}
        assert contents(opened("r-b")) == {items[0].file: {"x": "r-b"}}

    def test_an_item_of_an_earlier_release_is_adopted_once(
        self, place: Place, items: list[DesiredItem]
    ) -> None:
        """It counts as in sync, and its record then names the repository."""
        sync(place.open(), items)
        ours = [replace(one, record=replace(one.record, repository="r-a")) for one in items]
        assert look(place.open(), ours).drift == ()
        assert sync(OwnItems(place.open(), "r-a"), ours).updated == 2
        assert sync(OwnItems(place.open(), "r-a"), ours).updated == 0
        assert OwnItems(place.open(), "r-b").list_items().items == ()

    @pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
    @pytest.mark.parametrize("call", range(4))
    def test_an_interrupted_sync_is_completed_by_the_next(
        self, place: Place, items: list[DesiredItem], call: int, after: bool
    ) -> None:
        gone = make_item("infra/secrets/prod/gone.yaml", {"x": "1"}, collection=place.collection)
        old = make_item(items[0].file, {"user": "old"}, collection=place.collection)
        sync(place.open(), [old, gone])
        place.hand.add_foreign("somebody's mail")
        foreign = place.hand.foreign()
        with pytest.raises(Interrupted):
            sync(Interrupting(place.open(), call, after=after), items, PRUNE)
        applied = sync(place.open(), items, PRUNE)
        assert applied.after.drift == ()
        assert len(applied.listing.items) == len(items)
        assert contents(place.open()) == {
            item.file: {one.path: one.shown.reveal_text() for one in item.fields} for item in items
        }
        assert place.hand.foreign() == foreign
