"""What the plan says where the contract of the backends does not reach."""

from __future__ import annotations

from dataclasses import replace

from plana_secrets.mirror.apply import apply_mirror
from plana_secrets.mirror.backend import ActualItem, Listing, PlainLeaf, Unsupported
from plana_secrets.mirror.drift import Choices, DriftKind, Wanted
from plana_secrets.mirror.item import build_item
from plana_secrets.mirror.plan import plan_mirror
from plana_secrets.sops.model import LeafType
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import (
    COMMIT,
    LATER,
    OVERWRITE,
    PLAIN,
    PRUNE,
    Kept,
    contents,
    kinds,
    look,
    looking,
    make_item,
    sync,
)
from tests.mirror.twofiles import A, B, item


def test_a_retyped_item_waits_for_consent(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    place.hand.retype(A)
    left = sync(place.open(), [item(A, "new")])
    assert [one[0] for one in kinds(left.after)] == ["retyped", "stale"]
    assert contents(place.open())[A]["x"] == "1"
    keep = Kept()
    assert sync(place.open(), [item(A, "new")], OVERWRITE, keep).after.drift == ()
    assert len(keep) == 1


def test_a_hand_edit_that_was_kept_is_one_also_after_the_next_change(place: MemoryPlace) -> None:
    """Also where the hand takes the value away again: what we wrote last is still known."""
    sync(place.open(), [item(A)])
    place.hand.set_field(A, "x", "by hand")
    newer = make_item(A, {"x": "1", "y": "newer"}, collection="prod")
    left = sync(place.open(), [newer])
    assert kinds(left.after) == [("hand-edited", A, ("x",))]
    assert contents(place.open())[A] == {"x": "by hand", "y": "newer"}
    place.hand.remove_field(A, "x")
    assert kinds(look(place.open(), [newer])) == [("hand-edited", A, ("x",))]


def test_a_readable_leaf_that_changed_is_stale(place: MemoryPlace) -> None:
    def with_plain(text: str):
        return build_item(
            file=A, title="a", commit=COMMIT, collection="prod", fields=(),
            shape=[("kind", LeafType.STR, "plain")], plain=[PlainLeaf("kind", text, LeafType.STR)],
        )  # fmt: skip

    sync(place.open(), [with_plain("Secret")])
    assert look(place.open(), [with_plain("Secret")]).drift == ()
    assert kinds(look(place.open(), [with_plain("Other")])) == [("stale", A, ("kind",))]


def test_an_edited_clone_is_not_deleted_unasked(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    place.hand.clone(A)
    place.hand.set_field(A, "x", "by hand")
    applied = sync(place.open(), [item(A)], PRUNE)
    assert applied.deleted == 0
    assert {one[0] for one in kinds(applied.after)} == {"duplicate", "hand-edited"}
    keep = Kept()
    assert sync(place.open(), [item(A)], OVERWRITE, keep).deleted == 1
    assert [one.fields["x"].reveal_text() for one in keep] == ["by hand"]


def test_a_hand_edit_in_the_item_of_a_removed_file_survives_prune(place: MemoryPlace) -> None:
    sync(place.open(), [item(A), item(B)])
    place.hand.set_field(B, "x", "by hand")
    left = sync(place.open(), [item(A)], PRUNE)
    assert [one[0] for one in kinds(left.after)] == ["extra", "hand-edited"]
    keep = Kept()
    sync(place.open(), [item(A)], Choices(prune=True, overwrite_edits=True), keep)
    assert set(contents(place.open())) == {A}
    assert len(keep) == 1


def test_an_undecryptable_item_without_a_record_is_named_and_left(place: MemoryPlace) -> None:
    broken = ActualItem("9", "", "", "prod", {}, None, frozenset({"undecryptable"}))
    place.store.items["9"] = broken
    plan = look(place.open(), [item(A)])
    assert [(one.kind, one.file, one.id) for one in plan.drift] == [
        (DriftKind.UNDECRYPTABLE, None, "9"),
        (DriftKind.MISSING, A, None),
    ]
    assert [one.kind for one in plan.left] == [DriftKind.UNDECRYPTABLE]
    sync(place.open(), [item(A)], Choices(prune=True, overwrite_edits=True))
    assert place.store.items["9"] is broken


def test_an_unsupported_leaf_is_left_out_and_the_rest_goes_on(place: MemoryPlace) -> None:
    wanted = Wanted((item(A), item(B)), unsupported={A: (Unsupported("x", "too long"),)})
    backend = place.open()
    plan = plan_mirror(wanted, backend.list_items(), PLAIN)
    applied = apply_mirror(backend, wanted, plan, PLAIN, keep=Kept(), look=looking(backend))
    assert kinds(applied.after) == [("unsupported", A, ("x",))]
    assert contents(place.open()) == {A: {"y": "2"}, B: {"x": "1", "y": "2"}}


def test_an_unsupported_item_is_left_alone(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    wanted = Wanted((item(A, "new"),), unsupported={A: (Unsupported(None, "too many"),)})
    plan = plan_mirror(wanted, place.open().list_items(), PRUNE)
    assert plan.is_empty
    assert [(one.kind, one.reason) for one in plan.left] == [(DriftKind.UNSUPPORTED, "too many")]


def test_a_copy_of_the_working_tree_gets_its_commit_without_being_drift(
    place: MemoryPlace,
) -> None:
    sync(place.open(), [item(A, commit=None)])
    assert look(place.open(), [item(A)]).drift == ()
    assert sync(place.open(), [item(A)]).updated == 1
    assert place.open().list_items().items[0].record.commit == COMMIT
    assert sync(place.open(), [item(A, commit=None)]).updated == 0


def test_another_order_of_the_leaves_is_stale_so_that_restore_gives_it_back(
    place: MemoryPlace,
) -> None:
    sync(place.open(), [item(A)])
    turned = make_item(A, {"y": "2", "x": "1"}, collection="prod")
    assert kinds(look(place.open(), [turned])) == [("stale", A, ())]
    assert sync(place.open(), [turned]).after.drift == ()


def test_the_item_of_a_removed_file_is_called_by_the_title_that_we_gave_it(
    place: MemoryPlace,
) -> None:
    sync(place.open(), [item(A), item(B)])
    place.hand.set_title(B, "the pin is 4711")
    assert [one.item for one in look(place.open(), []).drift] == [f"title of {A}", B, B]


def test_a_mapping_to_another_collection_moves_the_item(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    moved = make_item(A, {"x": "1", "y": "2"}, collection="staging")
    assert [one[0] for one in kinds(look(place.open(), [moved]))] == ["moved"]
    assert sync(place.open(), [moved]).after.drift == ()


def held(place: MemoryPlace, **changes) -> ActualItem:
    """The one item, where the account may not write."""
    (actual,) = place.open().list_items().items
    return replace(actual, **({"collection": "theirs", "is_held": True} | changes))


def test_an_item_that_was_put_out_of_reach_is_named_and_left(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    listing = Listing((held(place),))
    for choices in (PLAIN, Choices(prune=True, overwrite_edits=True, restamp=True)):
        plan = plan_mirror(Wanted((item(A, "new", commit=LATER),)), listing, choices)
        assert plan.is_empty
        assert [one.kind for one in plan.left] == [DriftKind.MOVED, DriftKind.STALE]
        assert [bool(one.reason) for one in plan.drift] == [True, False]


def test_a_moved_item_within_reach_is_moved_back_without_a_reason(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    listing = Listing((held(place, is_held=False),))
    plan = plan_mirror(Wanted((item(A),)), listing, PLAIN)
    assert ([one.reason for one in plan.drift], plan.left, len(plan.update)) == ([None], (), 1)
    at_home = plan_mirror(Wanted((item(A),)), Listing((held(place, collection="prod"),)), PLAIN)
    assert at_home.is_empty
    assert at_home.drift == ()


def test_of_two_items_the_one_within_reach_is_the_item(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    (near,) = place.open().list_items().items
    far = replace(held(place), id="0")
    plan = plan_mirror(Wanted((item(A, "new"),)), Listing((far, near)), OVERWRITE)
    assert [one.actual.id for one in plan.update] == [near.id]
    assert plan.delete == ()
    (left,) = plan.left
    assert (left.kind, left.id, bool(left.reason)) == (DriftKind.DUPLICATE, "0", True)


def test_the_item_of_a_removed_file_that_is_out_of_reach_is_not_deleted(
    place: MemoryPlace,
) -> None:
    sync(place.open(), [item(A)])
    gone = held(place, problems=frozenset({"moved"}))
    wanted = Wanted((item(B),))
    plan = plan_mirror(wanted, Listing((gone,)), Choices(prune=True, overwrite_edits=True))
    assert (plan.delete, plan.removed) == ((), frozenset())
    (left,) = plan.left
    assert (left.kind, bool(left.reason)) == (DriftKind.EXTRA, True)
    within = plan_mirror(wanted, Listing((held(place),)), PRUNE)
    assert (len(within.delete), within.removed) == (1, {A})


def test_what_is_unsupported_names_the_leaf_or_none(place: MemoryPlace) -> None:
    for path, paths in (("x", ("x",)), (None, ())):
        wanted = Wanted((item(A),), unsupported={A: (Unsupported(path, "why"),)})
        plan = plan_mirror(wanted, Listing(()), PLAIN)
        (found,) = (one for one in plan.left if one.kind is DriftKind.UNSUPPORTED)
        assert (found.paths, found.reason) == (paths, "why")
        assert len(plan.create) == (path is not None)


def test_what_git_calls_renamed_keeps_its_item_with_another_content(place: MemoryPlace) -> None:
    sync(place.open(), [item(A), item("gone.yaml", "2")])
    (before,) = (one.id for one in place.open().list_items().items if one.record.file == A)
    wanted = Wanted((item(B, "3"),), renames={B: A, "x": "y"})
    plan = plan_mirror(wanted, place.open().list_items(), PRUNE)
    assert [(one.actual.id, one.desired.file) for one in plan.update] == [(before, B)]
    assert [one.record.file for one in plan.delete] == ["gone.yaml"]
    assert [(one.kind.value, one.file, one.paths, one.reason) for one in plan.drift] == [
        ("renamed", B, (), f"from {A}"),
        ("stale", B, ("x",), None),
        ("extra", "gone.yaml", (), None),
    ]


def test_of_several_alike_the_one_of_the_same_name_is_the_former(place: MemoryPlace) -> None:
    """A copy is no rename, and what is unlike is a file of its own."""
    sync(place.open(), [item("a/one.yaml"), item("b/two.yaml"), item("c/three.yaml", "3")])
    listing = place.open().list_items()
    plan = plan_mirror(Wanted((item("z/two.yaml"), item("z/new.yaml"))), listing, PLAIN)
    pairs = {(one.desired.file, one.actual.record.file) for one in plan.update}
    assert pairs == {("z/two.yaml", "b/two.yaml"), ("z/new.yaml", "a/one.yaml")}
    copied = plan_mirror(Wanted((item("a/one.yaml"), item("z/copy.yaml", "4"))), listing, PLAIN)
    assert [one.file for one in copied.create] == ["z/copy.yaml"]


def test_a_withdrawn_file_is_no_former_name_and_its_item_goes(place: MemoryPlace) -> None:
    sync(place.open(), [item(A)])
    wanted = Wanted((item(B),), withdrawn=frozenset({A}))
    plan = plan_mirror(wanted, place.open().list_items(), PLAIN)
    assert [one.file for one in plan.create] == [B]
    assert ([one.record.file for one in plan.delete], plan.removed) == ([A], {A})


def test_a_file_of_which_nothing_is_known_is_named_and_its_items_are_carried_over(
    place: MemoryPlace,
) -> None:
    sync(place.open(), [item(A), item(B)])
    wanted = Wanted((item(B),), unknown={A: "no identity fits", "c.yaml": "malformed"})
    plan = plan_mirror(
        wanted, place.open().list_items(), Choices(prune=True, overwrite_edits=True, restamp=True)
    )
    assert plan.is_empty
    assert plan.left == plan.drift
    assert [(one.kind, one.file, one.reason, one.id is not None) for one in plan.drift] == [
        (DriftKind.UNKNOWN, A, "no identity fits", True),
        (DriftKind.UNKNOWN, "c.yaml", "malformed", False),
    ]


def test_a_copy_with_the_same_hand_edit_holds_nothing_that_could_be_lost(
    place: MemoryPlace,
) -> None:
    """As a run leaves it that is killed between the new item and the deletion of the old one."""
    sync(place.open(), [item(A)])
    place.hand.set_field(A, "x", "by hand")
    place.hand.clone(A)
    assert sync(place.open(), [item(A)]).deleted == 1
    assert kinds(look(place.open(), [item(A)])) == [("hand-edited", A, ("x",))]
    place.hand.clone(A)
    place.hand.set_field(A, "x", "by another hand")
    left = sync(place.open(), [item(A)])
    assert (left.deleted, [one[0] for one in kinds(left.after)]) == (
        0, ["hand-edited", "duplicate", "hand-edited"],
    )  # fmt: skip
