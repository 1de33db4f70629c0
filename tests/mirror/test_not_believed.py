"""A server that does not do what it says, or is changed at the same time."""

from __future__ import annotations

import pytest

from plana_secrets.errors import ConflictError
from plana_secrets.mirror.apply import Applied
from plana_secrets.mirror.backend import Listing
from plana_secrets.mirror.drift import Wanted
from plana_secrets.mirror.itemerrors import ItemChangedError
from plana_secrets.mirror.plan import plan_mirror
from tests.fakes.memory import MemoryBackend
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import PLAIN, PRUNE, contents, sync
from tests.mirror.twofiles import A, B, item


class Liar(MemoryBackend):
    """Says yes and does nothing."""

    def update_item(self, actual, desired) -> None:
        pass


def test_a_server_is_not_believed(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    with pytest.raises(ConflictError) as error:
        sync(Liar(place.store), [item(A, "new")])
    assert error.value.kind == "mirror-not-as-written"


class Forgetful(MemoryBackend):
    """Says yes, and neither makes nor deletes anything."""

    def create_items(self, items) -> None:
        pass

    def delete_items(self, items) -> None:
        pass


def test_what_a_server_did_not_do_is_named(place: MemoryPlace) -> None:
    sync(place.open(), [item(A), item(B)])
    for backend, wanted, files in (
        (Liar(place.store), [item(A, "new"), item(B)], [A]),
        (Forgetful(place.store), [item(A)], [B]),
        (Forgetful(place.store), [item(A), item(B), item("c.yaml")], ["c.yaml"]),
    ):
        with pytest.raises(ConflictError) as error:
            sync(backend, wanted, PRUNE)
        assert error.value.facts["files"] == files


def test_where_nothing_is_to_be_done_nothing_was() -> None:
    listing = Listing(())
    plan = plan_mirror(Wanted(()), listing, PLAIN)
    done = Applied.nothing(plan, listing)
    assert (done.created, done.updated, done.deleted, done.kept) == (0, 0, 0, ())
    assert (done.after, done.listing) == (plan, listing)


class Late(MemoryBackend):
    """A request of a killed run is done after we looked, while we create the same item."""

    def create_items(self, items) -> None:
        super().create_items(items)
        super().create_items(items[:1])


def test_a_second_copy_of_a_killed_run_goes_in_the_same_run(place: MemoryPlace) -> None:
    applied = sync(Late(place.store), [item(A), item(B)])
    assert (applied.created, applied.after.drift) == (2, ())
    assert len(place.open().list_items().items) == 2


class Busy(MemoryBackend):
    """Somebody else changes the first item at the moment of its update."""

    def update_item(self, actual, desired) -> None:
        if actual.record.file == A:
            raise ItemChangedError("an item was changed in the meantime")
        super().update_item(actual, desired)


def test_a_conflict_on_one_item_does_not_stop_the_others(place: MemoryPlace) -> None:
    sync(place.open(), [item(A), item(B)])
    applied = sync(Busy(place.store), [item(A, "new"), item(B, "new")])
    assert {file: error.kind for file, error in applied.failed.items()} == {A: "item-changed"}
    assert [(one.file, one.reason) for one in applied.left] == [
        (A, "an item was changed in the meantime")
    ]
    assert applied.updated == 1
    assert contents(place.open())[B]["x"] == "new"
