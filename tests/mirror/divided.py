"""A file that is divided into several items: one suite for every backend that divides.

``place`` refuses an item whose fields have more than ``LIMIT`` bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from plana_secrets.mirror.adopt import plan_adoption
from plana_secrets.mirror.backend import ActualItem, DesiredItem
from plana_secrets.mirror.restore import plan_restore
from tests.mirror.places import label_of
from tests.mirror.steps import (
    LATER,
    OVERWRITE,
    PRUNE,
    Kept,
    Place,
    kinds,
    look,
    make_item,
    sync,
)
from tests.mirror.test_restore import document_of

LIMIT = 3_600
FILE = "infra/secrets/prod/large.yaml"
SMALL = "infra/secrets/prod/small.yaml"
NAMES = tuple(f"v{number:02}" for number in range(12))
VALUES = {name: f"{name} {'x' * 40}" for name in NAMES}
LONG = "y" * 600


class DividedContract:
    @pytest.fixture
    def divided(self, place: Place) -> Place:
        """Both files are there, the large one in parts."""
        assert sync(place.open(), [large(), small()]).after.drift == ()
        assert labels(place) == [f"{FILE} (1/3)", f"{FILE} (2/3)", f"{FILE} (3/3)", SMALL]
        return place

    def test_a_file_that_is_refused_as_a_whole_becomes_several_items(self, place: Place) -> None:
        applied = sync(place.open(), [large(), small()])
        assert (applied.created, applied.updated, applied.deleted) == (4, 0, 0)
        assert (applied.failed, applied.after.drift) == ({}, ())
        items = items_of(place)
        assert [one.title for one in items] == [
            *(f"title of {FILE} ({number}/3)" for number in (1, 2, 3)),
            f"title of {SMALL}",
        ]
        assert texts(place) == VALUES
        assert sum(len(one.fields) for one in items) == len(VALUES) + 1
        again = sync(place.open(), [large(), small()])
        assert (again.created, again.updated, again.deleted) == (0, 0, 0)
        assert items_of(place) == items

    def test_one_changed_value_touches_one_item(self, divided: Place) -> None:
        before = revisions(divided)
        wanted = [large(LATER, v07="new"), small()]
        [drift] = look(divided.open(), wanted).drift
        assert (drift.kind, drift.item, drift.paths) == (
            "stale",
            f"title of {FILE} (2/3)",
            ("v07",),
        )
        applied = sync(divided.open(), wanted)
        assert (applied.created, applied.updated, applied.deleted) == (0, 1, 0)
        now = revisions(divided)
        assert [label for label in now if now[label] != before[label]] == [f"{FILE} (2/3)"]

    def test_a_value_that_grows_leaves_its_part_alone_if_it_has_to(self, divided: Place) -> None:
        applied = sync(divided.open(), [large(LATER, v01=LONG), small()])
        assert applied.after.drift == ()
        assert texts(divided) == {**VALUES, "v01": LONG}
        assert restored(divided) == [*NAMES]
        assert sync(divided.open(), [large(LATER, v01=LONG), small()]).updated == 0

    def test_a_file_that_grows_gets_another_part_and_one_that_shrinks_is_one_item_again(
        self, divided: Place
    ) -> None:
        before = {label_of(one): one.id for one in items_of(divided)}
        more = {f"{name}x": VALUES[name] for name in NAMES[:7]}
        grown = large(LATER, **more)
        assert sync(divided.open(), [grown, small()]).after.drift == ()
        now = {label_of(one): one.id for one in items_of(divided)}
        assert {before[f"{FILE} ({n}/3)"] for n in (1, 2, 3)} < set(now.values())
        assert f"{FILE} (4/4)" in now
        assert restored(divided) == sorted(VALUES | more)
        shrunk = make_item(FILE, {"v11": "kept"}, collection=divided.collection, commit=LATER)
        applied = sync(divided.open(), [shrunk, small()])
        assert (applied.after.drift, applied.updated, applied.deleted) == ((), 1, 3)
        assert {label_of(one): one.id for one in items_of(divided)} == {
            FILE: before[f"{FILE} (1/3)"],
            SMALL: before[SMALL],
        }
        assert texts(divided) == {"v11": "kept"}

    def test_a_hand_edit_is_named_with_its_part_and_left(self, divided: Place) -> None:
        divided.hand.set_field(f"{FILE} (2/3)", "v07", "typed at night")
        applied = sync(divided.open(), [large(LATER, v06="new", v01="new"), small()])
        assert kinds(applied.after) == [("hand-edited", FILE, ("v07",))]
        assert [one.item for one in applied.left] == [f"title of {FILE} (2/3)"]
        assert texts(divided) == {**VALUES, "v01": "new", "v06": "new", "v07": "typed at night"}
        document = document_of({})
        edit = plan_adoption(divided.open().list_items(), FILE, "v07", document).edit
        assert edit is not None
        assert edit.value.reveal_text() == "typed at night"  # type: ignore[union-attr]
        keep = Kept()
        assert sync(divided.open(), [large(), small()], OVERWRITE, keep).after.drift == ()
        assert [one.fields["v07"].reveal_text() for one in keep] == ["typed at night"]

    @pytest.mark.parametrize("done", ["delete", "trash", "move", "clone"])
    def test_what_is_done_to_a_part_is_drift_of_the_file(self, divided: Place, done: str) -> None:
        getattr(divided.hand, done)(f"{FILE} (2/3)")
        found = look(divided.open(), [large(), small()])
        word = {"delete": "missing", "trash": "trashed", "move": "moved", "clone": "duplicate"}
        assert word[done] in {one.kind.value for one in found.drift}
        assert {(one.file, one.item) for one in found.drift} == {(FILE, f"title of {FILE} (2/3)")}
        assert sync(divided.open(), [large(), small()]).after.drift == ()
        assert texts(divided) == VALUES
        assert len(items_of(divided)) == 4

    def test_a_renamed_file_keeps_all_its_items(self, divided: Place) -> None:
        before = {one.id for one in items_of(divided)}
        renamed = make_item(
            "infra/secrets/prod/renamed.yaml", VALUES, collection=divided.collection, commit=LATER
        )
        applied = sync(divided.open(), [renamed, small()])
        assert (applied.created, applied.updated, applied.deleted) == (0, 3, 0)
        assert applied.after.drift == ()
        assert {one.id for one in items_of(divided)} == before

    def test_a_removed_file_goes_with_all_its_items(self, divided: Place) -> None:
        left = sync(divided.open(), [small()])
        assert [(one.kind.value, one.item) for one in left.left] == [
            ("extra", f"title of {FILE} ({number}/3)") for number in (1, 2, 3)
        ]
        assert sync(divided.open(), [small()], PRUNE).deleted == 3
        assert labels(divided) == [SMALL]

    def test_restore_gives_one_file_and_names_a_part_that_is_missing(self, divided: Place) -> None:
        assert restored(divided) == [*NAMES]
        divided.hand.delete(f"{FILE} (2/3)")
        [lost] = [
            one for one in plan_restore(divided.open().list_items()).files if one.file == FILE
        ]
        assert lost.missing_parts == (2,)
        assert len(lost.content.items) == len(NAMES) - 5

    def test_one_item_that_grows_too_large_becomes_the_first_part(self, place: Place) -> None:
        """A hand edit in it is not lost, nor is what people attached to the item."""
        first = make_item(FILE, dict(list(VALUES.items())[:4]), collection=place.collection)
        sync(place.open(), [first])
        [before] = items_of(place)
        place.hand.set_field(FILE, "v03", "typed at night")
        wanted = [large(LATER, v00=LONG, v01=LONG, v02=LONG)]
        applied = sync(place.open(), wanted)
        assert kinds(applied.after) == [("hand-edited", FILE, ("v03",))]
        items = items_of(place)
        assert [one.id for one in items if one.record.part.number == 1] == [before.id]  # type: ignore[union-attr]
        assert "typed at night" in {
            text.reveal_text() for one in items for text in one.fields.values()
        }
        settled = [large(LATER, v00=LONG, v01=LONG, v02=LONG, v03="typed at night")]
        assert sync(place.open(), settled).after.drift == ()
        assert texts(place)["v03"] == "typed at night"


STEPS = {
    "split": (dict(list(VALUES.items())[:4]), VALUES),
    "grow": (VALUES, VALUES | {f"w{name}": VALUES[name] for name in NAMES}),
    "swell": (VALUES, VALUES | {"v01": LONG, "v06": LONG, "v11": LONG}),
    "shrink": (VALUES | {f"w{name}": VALUES[name] for name in NAMES}, VALUES),
    "merge": (VALUES, {name: VALUES[name] for name in ("v00", "v05", "v11")}),
}


def large(commit: str | None = None, **changed: str) -> DesiredItem:
    values = dict(sorted({**VALUES, **changed}.items()))
    item = make_item(FILE, values, collection="prod")
    return make_item(FILE, values, collection="prod", commit=commit) if commit else item


def small() -> DesiredItem:
    return make_item(SMALL, {"a": "1"}, collection="prod")


def items_of(place: Place) -> list[ActualItem]:
    return sorted(place.open().list_items().items, key=lambda one: label_of(one) or "")


def labels(place: Place) -> list[str | None]:
    return [label_of(one) for one in items_of(place)]


def revisions(place: Place) -> dict[str | None, str]:
    return {label_of(one): one.revision for one in items_of(place)}


def every_text(place: Place) -> dict[str, set[str]]:
    """Of the large file what is in any item, by path."""
    found: dict[str, set[str]] = {}
    for item in items_of(place):
        if item.record and item.record.file == FILE:
            for name, text in item.fields.items():
                found.setdefault(name, set()).add(text.reveal_text())
    return found


def texts(place: Place) -> dict[str, str]:
    """Of the large file, each value of which there is one alone."""
    return {name: next(iter(some)) for name, some in every_text(place).items() if len(some) == 1}


def restored(place: Place) -> list[str]:
    """The paths of the large file in their order, as ``restore`` would write it."""
    plan = plan_restore(place.open().list_items())
    [lost] = [one for one in plan.files if one.file == FILE]
    assert (lost.missing, lost.missing_parts, plan.failed) == ((), (), ())
    return [str(item.path[0]) for item in lost.content.items]


def check_nothing_is_lost(place: Place, start: Mapping[str, str], end: Mapping[str, str]) -> None:
    """Between the two, each value that stays is in an item, the old one or the new."""
    now = every_text(place)
    for name in start.keys() & end.keys():
        assert now[name] & {start[name], end[name]}, name


def check_settled(place: Place, end: Mapping[str, str]) -> None:
    """After another run the file is what it is to be, and each value is there once."""
    wanted = make_item(FILE, dict(end), collection="prod", commit=LATER)
    applied = sync(place.open(), [wanted])
    assert (applied.failed, applied.after.drift) == ({}, ())
    assert sum(len(one.fields) for one in items_of(place)) == len(end)
    assert texts(place) == end
    assert restored(place) == list(end)
