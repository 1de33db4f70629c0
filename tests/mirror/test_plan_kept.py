"""What a plan keeps, calls withdrawn, and leaves to the plan after it. Pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.drift import Choices, MirrorPlan, Wanted
from plana_secrets.mirror.plan import plan_mirror
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import OVERWRITE, PLAIN, PRUNE, kinds, make_item, sync

A, B = "infra/secrets/a.yaml", "infra/secrets/b.yaml"


@pytest.fixture
def place() -> MemoryPlace:
    place = MemoryPlace()
    sync(place.open(), [item(A)])
    return place


def item(file: str, **values: str) -> DesiredItem:
    return make_item(file, {"x": "1", "y": "2"} | values, collection="prod")


def planned(place: MemoryPlace, wanted: Wanted, choices: Choices = PLAIN) -> MirrorPlan:
    return plan_mirror(wanted, place.open().list_items(), choices)


def test_only_what_an_update_or_a_deletion_destroys_is_kept(place: MemoryPlace) -> None:
    place.hand.set_field(A, "x", "by hand")
    newer = Wanted((item(A, y="newer"),))
    plan = planned(place, newer)
    assert (len(plan.update), plan.keep) == (1, ())
    assert len(planned(place, newer, OVERWRITE).keep) == 1
    assert planned(place, Wanted((item(A),)), OVERWRITE).keep != ()
    for choices, kept in ((PRUNE, 0), (replace(PRUNE, overwrite_edits=True), 1)):
        plan = planned(place, Wanted(()), choices)
        assert (len(plan.delete), len(plan.keep)) == (kept, kept)


def test_an_unedited_item_is_not_kept(place: MemoryPlace) -> None:
    assert planned(place, Wanted((item(A, y="newer"),)), OVERWRITE).keep == ()
    plan = planned(place, Wanted(()), PRUNE)
    assert (len(plan.delete), plan.keep, plan.removed) == (1, (), {A})


@pytest.mark.parametrize("choices", [PLAIN, PRUNE], ids=["plain", "prune"])
def test_an_item_of_a_file_that_is_no_longer_mirrored_is_withdrawn(
    place: MemoryPlace, choices: Choices
) -> None:
    plan = planned(place, Wanted((), withdrawn=frozenset({A})), choices)
    assert kinds(plan) == [("withdrawn", A, ())]
    assert (len(plan.delete), plan.left) == (1, ())
    gone = planned(place, Wanted(()))
    assert kinds(gone) == [("extra", A, ())]
    assert (gone.delete, gone.left) == ((), gone.drift)


def as_login(desired: DesiredItem) -> DesiredItem:
    return replace(desired, record=replace(desired.record, form="login"))


def test_an_item_that_is_renamed_and_of_another_type_is_renamed_first(place: MemoryPlace) -> None:
    """Else a run that ends between creation and deletion leaves a second copy."""
    plan = planned(place, Wanted((as_login(item(B)),), renames={B: A}))
    (update,) = plan.update
    assert (update.desired.file, update.desired.record.form) == (B, "note")
    assert [one.file for one in plan.waiting] == [B]
    plan = planned(place, Wanted((as_login(item(A)),)))
    assert plan.update[0].desired.record.form == "login"
    assert plan.waiting == ()
    plan = planned(place, Wanted((item(B),), renames={B: A}))
    assert (plan.update[0].desired.file, plan.waiting) == (B, ())


@pytest.mark.parametrize("part", ["create", "update", "delete", "none"])
def test_a_plan_is_empty_where_it_does_nothing(place: MemoryPlace, part: str) -> None:
    wanted = {
        "create": (item(A), item(B)),
        "update": (item(A, x="new"),),
        "delete": (),
        "none": (item(A),),
    }
    plan = planned(place, Wanted(wanted[part]), PRUNE)
    assert plan.is_empty is (part == "none")


def test_a_plan_for_some_files_leaves_all_others_alone(place: MemoryPlace) -> None:
    others = [item(f"infra/secrets/{name}.yaml") for name in "bcd"]
    sync(place.open(), [item(A), *others])
    for name in "abcd":
        place.hand.set_field(f"infra/secrets/{name}.yaml", "x", "by hand")
    wanted = Wanted(
        (
            item(A, y="new"),
            item(B, y="new"),
            item("new.yaml", x="n", y="n"),
            item("other.yaml", x="o", y="o"),
        )
    )
    plan = planned(place, wanted, Choices(prune=True, overwrite_edits=True))
    assert (len(plan.create), len(plan.update), len(plan.delete), len(plan.keep)) == (2, 2, 2, 4)
    first = plan.delete[0]
    only = plan.only({A, "new.yaml"}, {first.id})
    assert [one.file for one in only.create] == ["new.yaml"]
    assert [one.desired.file for one in only.update] == [A]
    assert only.delete == (first,)
    assert {one.id for one in only.keep} == {first.id, only.update[0].actual.id}
    nothing = plan.only((), ())
    assert nothing.is_empty
    assert nothing.keep == ()
