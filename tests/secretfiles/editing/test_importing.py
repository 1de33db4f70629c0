"""What of a text comes into a file: its comments, its types, and which entries it fills. Pure."""

from __future__ import annotations

from plana_secrets.document.edits import Content
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.editing.importing import (
    _in_manifest,
    _split,
    _unprotected,
    _with_known_types,
    _with_remarks,
    _without_filled,
)
from plana_secrets.sops.model import Comment, Empty, Item, Leaf, LeafType, Selector

STR, INT, NULL = LeafType.STR, LeafType.INT, LeafType.NULL


def leaf(*path: str, type_: LeafType = STR) -> Leaf:
    return Leaf(path, 1, type_, True, None, None)


def remark(*path: str) -> Comment:
    return Comment(path, 1, in_scope=True, token=None, plain=None)


def content(*entries: tuple[Item, str | None]) -> Content:
    items = tuple(item for item, _ in entries)
    return Content(
        items, tuple(None if text is None else Secret.from_text(text) for _, text in entries)
    )


def seen(found: Content) -> list[tuple[str, LeafPath, str | None]]:
    return [
        (type(item).__name__, item.path, None if value is None else value.reveal_text())
        for item, value in zip(found.items, found.values, strict=True)
    ]


def test_comments_belong_to_the_value_below_them() -> None:
    values, remarks = _split(
        content(
            (remark(), "one"),
            (remark(), "two"),
            (leaf("a"), "1"),
            (leaf("b"), "2"),
            (remark(), "end"),
        )
    )
    assert seen(values) == [("Leaf", ("a",), "1"), ("Leaf", ("b",), "2")]
    texts = {path: [one.reveal_text() for one in found] for path, found in remarks.items()}
    assert texts == {("a",): ["one", "two"], ("b",): [], (): ["end"]}


def test_only_comments_of_new_values_that_are_encrypted_and_not_there_yet_are_placed() -> None:
    before = content((remark(), " known "), (leaf("a"), "1"), (leaf("b"), "2"))
    remarks = {
        ("a",): [Secret(b"of a")],
        ("b",): [Secret(b"known"), Secret(b"of b")],
        (): [Secret(b"end")],
    }
    found, number = _with_remarks(before, remarks, {("b",)}, Selector())
    assert seen(found) == [
        ("Comment", (), " known "), ("Leaf", ("a",), "1"), ("Comment", (), "of b"),
        ("Leaf", ("b",), "2"), ("Comment", (), "end"),
    ]  # fmt: skip
    assert number == 3
    assert _with_remarks(before, remarks, set(), Selector()) == (before, 0)
    readable = Selector("encrypted_regex", "^data$")
    assert _with_remarks(before, remarks, {("b",)}, readable) == (before, 0)


def test_entries_of_a_secret_go_where_it_has_them() -> None:
    before = content((leaf("data", "a"), "MQ=="), (leaf("stringData", "b"), "2"))
    found = _in_manifest(
        content((leaf("a"), "new"), (leaf("b"), "new"), (leaf("c"), "new")), before
    )
    assert seen(found) == [
        ("Leaf", ("data", "a"), "bmV3"), ("Leaf", ("stringData", "b"), "new"),
        ("Leaf", ("stringData", "c"), "new"),
    ]  # fmt: skip
    typed = _in_manifest(content((leaf("a", type_=INT), "1")), before)
    assert seen(typed) == [("Leaf", ("stringData", "a"), "1")]


def test_a_text_keeps_the_type_that_is_there_where_it_is_written_so() -> None:
    before = content((leaf("n", type_=INT), "1"), (leaf("s"), "x"), (leaf("z", type_=NULL), ""))
    new = content((leaf("n"), "42"), (leaf("s"), "42"), (leaf("z"), "42"), (leaf("more"), "42"))
    types = [item.type for item in _with_known_types(new, before).items if isinstance(item, Leaf)]
    assert types == [INT, STR, STR, STR]
    for text in ("0x2a", "042", "x", "4 2"):
        (kept,) = _with_known_types(content((leaf("n"), text)), before).items
        assert isinstance(kept, Leaf)
        assert kept.type is STR


def test_an_empty_map_goes_only_where_it_gets_an_entry() -> None:
    before = content(
        (Empty(("a",), 1, "map"), None),
        (Empty(("b",), 1, "map"), None),
        (Empty(("c",), 1, "list"), None),
    )
    found = _without_filled(
        before, content((leaf("a", "x"), "1"), (leaf("c", "x"), "1"), (leaf("b"), "1"))
    )
    assert [item.path for item in found.items] == [("b",), ("c",)]


def test_what_sops_leaves_readable_is_told() -> None:
    new = content(
        (leaf("a"), "1"), (leaf("b"), ""), (leaf("c", type_=NULL), None), (Empty(("d",), 1, "map"), None)
    )  # fmt: skip
    assert _unprotected(new) == (("b",), ("c",), ("d",))
