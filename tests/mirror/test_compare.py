"""One item beside its file, name by name: what is a hand edit, what is out of date. Pure."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from plana_secrets.mirror.backend import ActualItem, DesiredItem, Field, Part, PlainLeaf
from plana_secrets.mirror.compare import (
    Difference,
    compare,
    hand_edits_without_file,
    keep_hand_edits,
    unlike,
)
from plana_secrets.mirror.item import NOTE, TITLE, build_item
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType
from tests.mirror.steps import COMMIT, LATER

FILE = "infra/secrets/a.yaml"
STR = LeafType.STR


def item(commit: str | None = COMMIT, title: str = "a", **values: str) -> DesiredItem:
    return build_item(
        file=FILE,
        title=title,
        commit=commit,
        collection="prod",
        fields=[Field(name, Secret.from_text(text)) for name, text in values.items()],
        shape=[(name, STR, "text") for name in values],
        plain=[PlainLeaf("kind", "Secret", STR)],
        repository="r-1",
    )


def written(desired: DesiredItem, **changes: Any) -> ActualItem:
    """The item as we wrote it, but for what a person did: None takes a field away."""
    fields = {one.path: one.shown for one in desired.fields}
    for name, text in changes.pop("fields", {}).items():
        if text is None:
            del fields[name]
        else:
            fields[name] = Secret.from_text(text)
    actual = ActualItem("1", desired.title, desired.note, "prod", fields, desired.record)
    return replace(actual, **changes)


def difference(
    desired: DesiredItem, actual: ActualItem, whole: DesiredItem | None = None
) -> Difference:
    assert actual.record is not None
    return compare(desired, actual, actual.record, whole or desired)


BEFORE = item(x="1", y="2")
ROWS: list[tuple[str, DesiredItem, dict[str, str | None], tuple[str, ...], tuple[str, ...]]] = [
    ("the same", BEFORE, {}, (), ()),
    ("an edit", BEFORE, {"x": "mine"}, ("x",), ()),
    ("an edit that the file says, too", item(x="mine", y="2"), {"x": "mine"}, (), ("x",)),
    ("a newer file", item(x="new", y="2"), {}, (), ("x",)),
    ("a newer file and an edit", item(x="new", y="2"), {"x": "mine"}, ("x",), ()),
    ("a field more in the file", item(x="1", y="2", z="3"), {}, (), ("z",)),
    ("a field less in the file", item(x="1"), {}, (), ("y",)),
    ("a field less in the file, and edited", item(x="1"), {"y": "mine"}, ("y",), ()),
    ("a field more by hand", BEFORE, {"z": "3"}, ("z",), ()),
    ("a field more by hand with the value of another", BEFORE, {"z": "1"}, ("z",), ()),
    ("the same field more on both sides", item(x="1", y="2", z="3"), {"z": "3"}, (), ("z",)),
    ("a field more by hand, adopted deeper", item(**{"x": "1", "y": "2", "a.z": "3"}), {"a.z": "3"}, (), ("a.z",)),
    ("a field removed by hand", BEFORE, {"x": None}, ("x",), ()),
    ("a field removed by hand of a newer file", item(x="new", y="2"), {"x": None}, (), ("x",)),
    ("a field removed on both sides", item(y="2"), {"x": None}, (), ("x",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("desired", "hand", "edited", "stale"), [one[1:] for one in ROWS], ids=[one[0] for one in ROWS]
)
def test_what_a_person_wrote_is_told_from_what_is_out_of_date(
    desired: DesiredItem,
    hand: dict[str, str | None],
    edited: tuple[str, ...],
    stale: tuple[str, ...],
) -> None:
    found = difference(desired, written(BEFORE, fields=hand))
    assert (found.hand_edited, found.stale, found.unproven) == (edited, stale, False)
    another_shape = desired.record.shape != BEFORE.record.shape
    assert found.is_stale is found.needs_update is (bool(stale) or another_shape)


def test_a_value_that_was_adopted_under_its_path_is_no_edit_any_more() -> None:
    """A person names a field ``pin``; the file of a Secret has it under ``stringData`` or ``data``."""
    hand = written(BEFORE, fields={"pin": "1234"})
    assert difference(BEFORE, hand).hand_edited == ("pin",)
    plain = item(**{"x": "1", "y": "2", "stringData.pin": "1234"})
    assert difference(plain, hand).hand_edited == ()
    other = item(**{"x": "1", "y": "2", "stringData.pin": "other"})
    assert difference(other, hand).hand_edited == ("pin",)
    encoded = b64encode(b"1234").decode()
    hand = written(BEFORE, fields={"data.pin": "1234"})
    assert difference(item(**{"x": "1", "y": "2", "data.pin": encoded}), hand).hand_edited == ()
    assert difference(item(**{"x": "1", "y": "2", "data.pin": "other"}), hand).hand_edited == (
        "data.pin",
    )
    assert difference(
        item(x=encoded, y="2"), written(BEFORE, fields={"x": "1234"})
    ).hand_edited == ("x",)


def test_title_and_note_are_edited_like_any_field() -> None:
    found = difference(BEFORE, written(BEFORE, title="mine", note="mine"))
    assert found.hand_edited == (TITLE, NOTE)
    assert difference(item(title="b", x="1", y="2"), written(BEFORE)).stale == (TITLE,)
    assert difference(item(LATER, x="1", y="2"), written(BEFORE)) == Difference()


def test_what_is_known_of_a_field_without_its_content_counts_as_ours() -> None:
    record = replace(BEFORE.record, digests=BEFORE.record.digests | {"x": ""})
    assert difference(BEFORE, written(BEFORE, record=record, fields={"x": None})).hand_edited == (
        "x",
    )
    assert difference(BEFORE, written(BEFORE, record=record)).stale == ("x",)


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ({"shape": (("x", LeafType.INT, "text"), ("y", STR, "text"))}, ("x",)),
        ({"shape": (("x", STR, "text"), ("y", STR, "text"), ("e", STR, "empty-map"))}, ("e",)),
        ({"plain": (PlainLeaf("kind", "Other", STR),)}, ()),
        ({"plain": ()}, ()),
        ({"form": "login"}, ()),
        ({"part": Part(1, 2)}, ()),
    ],
    ids=["type", "more", "readable", "none readable", "form", "part"],
)  # fmt: skip
def test_another_layout_is_out_of_date_though_every_value_is_right(
    change: dict[str, Any], stale: tuple[str, ...]
) -> None:
    record = replace(BEFORE.record, **change)
    found = difference(BEFORE, written(BEFORE, record=record))
    assert (found.hand_edited, found.is_stale) == ((), True)
    assert set(stale) <= set(found.stale)


def test_a_record_that_proves_less_is_written_again_and_is_no_drift() -> None:
    for record in (replace(BEFORE.record, commit=None), replace(BEFORE.record, repository=None)):
        before = item(record.commit, x="1", y="2")
        actual = written(before, record=replace(before.record, repository=record.repository))
        found = difference(BEFORE, actual)
        assert (found.hand_edited, found.is_stale, found.unproven, found.needs_update) == (
            (),
            False,
            True,
            True,
        )
    dirty = item(None, x="1", y="2")
    assert not difference(dirty, written(dirty)).unproven
    assert not difference(dirty, written(BEFORE)).unproven


def test_what_belongs_to_another_part_is_no_edit_while_the_file_says_it() -> None:
    whole, part = item(x="1", y="2", z="3"), item(x="1", y="2")
    actual = written(part, fields={"z": "3"})
    assert difference(part, actual, whole).hand_edited == ()
    assert difference(part, written(part, fields={"z": "mine"}), whole).hand_edited == ("z",)
    assert "z" not in difference(part, actual, whole).stale
    assert difference(part, actual, whole).is_stale


def test_what_moved_to_another_part_was_not_removed_by_hand() -> None:
    whole, part = item(x="1", y="2"), item(x="1")
    assert difference(part, written(whole, fields={"y": None}), whole).hand_edited == ()


def test_an_entry_of_data_that_was_removed_by_hand_is_an_edit() -> None:
    before = item(**{"data.pin": "1234"})
    assert difference(before, written(before, fields={"data.pin": None})).hand_edited == (
        "data.pin",
    )


def test_an_edit_that_a_copy_has_too_is_not_lost_with_one_of_them() -> None:
    one, other = (written(BEFORE, fields={"x": text}) for text in ("mine", "mine"))
    third = written(BEFORE, fields={"x": "another", "y": "mine"})
    found = difference(BEFORE, one)
    assert unlike(found, one, other).hand_edited == ()
    assert unlike(found, one, third).hand_edited == ("x",)
    assert unlike(difference(BEFORE, third), third, one).hand_edited == ("x", "y")


def test_of_a_file_that_is_gone_all_that_we_did_not_write_is_an_edit() -> None:
    assert hand_edits_without_file(written(BEFORE), BEFORE.record) == ()
    hand = written(BEFORE, title="mine", fields={"x": "mine", "z": "3", "y": None})
    assert hand_edits_without_file(hand, BEFORE.record) == (TITLE, "x", "z")


def test_an_update_keeps_what_a_person_wrote_and_that_it_is_theirs() -> None:
    newer = item(LATER, x="new", y="new")
    hand = written(BEFORE, title="mine", fields={"x": "mine", "z": "3"})
    kept = keep_hand_edits(newer, hand, BEFORE.record, (TITLE, "x", "z"))
    shown = {one.path: one.shown.reveal_text() for one in kept.fields}
    assert (kept.title, kept.note, shown) == (
        "mine",
        newer.note,
        {"y": "new", "x": "mine", "z": "3"},
    )
    digests = newer.record.digests | {name: BEFORE.record.digests[name] for name in (TITLE, "x")}
    assert kept.record == replace(newer.record, digests=digests)
    again = written(kept, record=kept.record)
    assert difference(newer, again).hand_edited == (TITLE, "x", "z")
    assert not difference(newer, again).is_stale
    assert [one.path for one in kept.fields] == ["y", "x", "z"]
    number = Field("x", Secret.from_text("1"), LeafType.INT, "base64")
    typed = replace(newer, fields=(number,))
    (still,) = keep_hand_edits(typed, hand, BEFORE.record, ("x",)).fields
    assert (still.type, still.encoding, still.shown.reveal_text()) == (
        LeafType.INT,
        "base64",
        "mine",
    )
    note = keep_hand_edits(newer, written(BEFORE, note="mine"), BEFORE.record, (NOTE,))
    assert (note.title, note.note) == ("a", "mine")
    assert keep_hand_edits(newer, hand, BEFORE.record, ()) == newer
