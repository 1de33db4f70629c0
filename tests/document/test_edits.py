"""Edits of a document: what they give, what they leave alone, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.edits import (
    EMPTY_CONTENT,
    Content,
    Edit,
    SetLeaf,
    Unset,
    changed_paths,
    plan_edits,
)
from plana_secrets.document.kinds import KEYSET_SELECTOR, SECRET_MANIFEST_SELECTOR
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, parse_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Empty, Item, Leaf, LeafType, Selector

PLAIN = Selector()


def make(*entries: tuple[str, str] | str) -> Content:
    """Leaves as (path, value); a text beginning with # is a comment at the top, ``x={}`` empty."""
    items: list[Item] = []
    values: list[Secret | None] = []
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, tuple):
            leaf = Leaf(parse_path(entry[0]), number, LeafType.STR, True, None, None)
            items.append(leaf)
            values.append(Secret.from_text(entry[1]))
        elif entry.startswith("#"):
            items.append(Comment((), number, True, None, None))
            values.append(Secret.from_text(entry[1:]))
        else:
            path, _, shape = entry.partition("=")
            items.append(Empty(parse_path(path), number, "map" if shape == "{}" else "list"))
            values.append(None)
    return Content(tuple(items), tuple(values))


def put(path: str, value: str = "new", leaf_type: LeafType = LeafType.STR) -> SetLeaf:
    return SetLeaf(parse_path(path), Secret.from_text(value), leaf_type)


def shown(content: Content) -> list[Any]:
    """Every item, in order, for comparison."""
    from plana_secrets.paths import format_path

    rows: list[Any] = []
    for item, value in zip(content.items, content.values, strict=True):
        if isinstance(item, Empty):
            rows.append(f"{format_path(item.path)}={'{}' if item.container == 'map' else '[]'}")
        elif isinstance(item, Comment):
            rows.append(f"#{value.reveal_text() if value is not None else ''}")
        else:
            rows.append(
                (format_path(item.path), value.reveal_text() if value is not None else None)
            )
    return rows


def after(content: Content, *edits: Edit, selector: Selector = PLAIN) -> list[Any]:
    return shown(plan_edits(content, edits, selector))


BASE = make(("a", "1"), "# about db", ("db.user", "u"), ("db.password", "p"), ("z", "26"))


class TestSetting:
    def test_replaces_a_value_where_it_stands(self) -> None:
        assert after(BASE, put("db.user")) == [
            ("a", "1"), "# about db", ("db.user", "new"), ("db.password", "p"), ("z", "26"),
        ]  # fmt: skip

    def test_a_new_key_goes_to_the_end_of_its_map(self) -> None:
        assert after(BASE, put("db.host")) == [
            ("a", "1"), "# about db", ("db.user", "u"), ("db.password", "p"), ("db.host", "new"),
            ("z", "26"),
        ]  # fmt: skip

    def test_maps_on_the_way_are_made(self) -> None:
        assert after(BASE, put("x.y.z"))[-1] == ("x.y.z", "new")

    def test_an_empty_map_is_filled(self) -> None:
        assert after(make("m={}", ("z", "1")), put("m.k")) == [("m.k", "new"), ("z", "1")]

    def test_an_empty_list_is_filled(self) -> None:
        assert after(make("l=[]"), put("l[0]")) == [("l[0]", "new")]

    def test_a_list_grows_at_its_end(self) -> None:
        content = make(("l[0]", "a"), ("l[1].k", "b"), ("z", "1"))
        assert after(content, put("l[2]"))[2] == ("l[2]", "new")

    def test_a_document_can_begin_empty(self) -> None:
        assert after(EMPTY_CONTENT, put("a.b[0].c")) == [("a.b[0].c", "new")]

    def test_the_type_is_taken_over(self) -> None:
        content = plan_edits(BASE, [put("a", "TRUE", LeafType.BOOL)], PLAIN)
        assert content.leaves()[("a",)] == (LeafType.BOOL, Secret(b"True"))

    @pytest.mark.parametrize(
        ("content", "path"),
        [
            (BASE, "a.b"),
            (BASE, "db"),
            (BASE, "db[0]"),
            (BASE, "[0]"),
            (make(("l[0]", "a")), "l[2]"),
            (make(("l[0]", "a")), "l.k"),
            (make(("l[0]", "a")), "l"),
            (make("m={}"), "m"),
            (make("m={}"), "m[0]"),
            (make("l=[]"), "l.k"),
            (BASE, "n[1]"),
            (BASE, "n[0][1]"),
        ],
    )
    def test_what_would_change_the_shape_is_refused(self, content: Content, path: str) -> None:
        with pytest.raises(UsageError) as caught:
            after(content, put(path))
        assert caught.value.facts["path"] == path

    @pytest.mark.parametrize(
        "path", ['["a:b"]', '[""]', '["<<"]', "sops", "sops.mac", "x_unencrypted", "m_unencrypted.x",
                 '["a\\u0007"]'],
    )  # fmt: skip
    def test_keys_that_sops_would_mistake_are_refused(self, path: str) -> None:
        with pytest.raises(UsageError) as caught:
            after(BASE, put(path))
        assert caught.value.kind == "bad-key"

    def test_an_odd_key_that_sops_keeps_is_fine(self) -> None:
        assert after(BASE, put('["a/b.c d"]'))[-1] == ('["a/b.c d"]', "new")


class TestUnsetting:
    def test_removes_a_leaf_and_nothing_else(self) -> None:
        assert after(BASE, Unset(("db", "user"))) == [
            ("a", "1"), "# about db", ("db.password", "p"), ("z", "26"),
        ]  # fmt: skip

    def test_removes_a_map_with_all_in_it(self) -> None:
        assert after(BASE, Unset(("db",))) == [("a", "1"), "# about db", ("z", "26")]

    @pytest.mark.parametrize("path", ["m.k", "m.deep.k", "m[0]", "m[0][0].k"])
    def test_what_lost_its_last_entry_goes_along(self, path: str) -> None:
        content = make(("a", "1"), (path, "1"), ("z", "1"))
        assert after(content, Unset(parse_path(path))) == [("a", "1"), ("z", "1")]

    def test_what_still_holds_something_stays(self) -> None:
        content = make(("m.k.x", "1"), ("m.e=[]"), ("z", "1"))
        assert after(content, Unset(("m", "k", "x"))) == ["m.e=[]", ("z", "1")]

    def test_an_emptied_entry_of_a_list_closes_the_gap(self) -> None:
        content = make(("l[0].x", "a"), ("l[1].x", "b"))
        assert after(content, Unset(("l", 0, "x"))) == [("l[0].x", "b")]

    def test_a_list_closes_the_gap(self) -> None:
        content = make(("l[0]", "a"), ("l[1].x", "b"), ("l[2].x", "c"), ("l[2].y", "d"))
        assert after(content, Unset(("l", 1))) == [
            ("l[0]", "a"), ("l[1].x", "c"), ("l[1].y", "d"),
        ]  # fmt: skip

    def test_an_empty_container_can_go(self) -> None:
        assert after(make("m={}", ("z", "1")), Unset(("m",))) == [("z", "1")]

    def test_what_is_not_there_is_said(self) -> None:
        with pytest.raises(UsageError) as caught:
            after(BASE, Unset(("db", "nothing")))
        assert caught.value.kind == "no-such-path"

    def test_a_file_without_its_last_value_is_an_empty_one(self) -> None:
        assert after(make(("a.b", "1")), Unset(("a", "b"))) == []


class TestKinds:
    SECRET = make(("kind", "Secret"), ("stringData.a", "1"))

    def manifest(self, edit: Edit) -> list[Any]:
        return after(self.SECRET, edit, selector=SECRET_MANIFEST_SELECTOR)

    def test_string_data_takes_strings(self) -> None:
        assert self.manifest(put("stringData.b"))[-1] == ("stringData.b", "new")

    def test_data_takes_base64(self) -> None:
        assert self.manifest(put("data.b", "eA=="))[-1] == ("data.b", "eA==")

    @pytest.mark.parametrize(
        ("edit", "kind"),
        [
            (put("data.b", "not base64!"), "not-base64"),
            (put("stringData.b", "1", LeafType.INT), "not-a-string"),
            (put("stringData.b.c"), "not-a-string"),
            (put('stringData["a b"]'), "bad-key"),
            (put("metadata.name"), "readable-path"),
            (put("kind"), "readable-path"),
            (Unset(("kind",)), "readable-path"),
        ],
    )
    def test_what_kubernetes_would_not_take_is_refused(self, edit: Edit, kind: str) -> None:
        with pytest.raises(UsageError) as caught:
            self.manifest(edit)
        assert caught.value.kind == kind

    def test_the_data_of_a_secret_may_become_empty(self) -> None:
        assert self.manifest(Unset(("stringData", "a"))) == [("kind", "Secret"), "stringData={}"]

    def test_a_keyset_file_is_for_rotations_only(self) -> None:
        content = make(("name", "n"), ("keys.k1.value", "v"))
        for edit in (put("keys.k1.value"), put("name"), Unset(("keys", "k1"))):
            with pytest.raises(UsageError) as caught:
                plan_edits(content, [edit], KEYSET_SELECTOR)
            assert caught.value.kind == "keyset-file"
        edits = [put("keys.k1.since", "", LeafType.NULL), put("version", "8", LeafType.INT)]
        by_rotation = plan_edits(content, edits, KEYSET_SELECTOR, by_rotation=True)
        assert [item.path for item in by_rotation.items] == [
            ("name",), ("keys", "k1", "value"), ("keys", "k1", "since"), ("version",),
        ]  # fmt: skip


KEYS = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(tuple)


@given(st.lists(st.tuples(PATHS, st.text("xy", max_size=3)), max_size=8))
def test_a_sequence_of_edits_is_that_of_nested_maps(steps: list[tuple[LeafPath, str]]) -> None:
    """Whatever is set in whatever order, the content is what a dict of dicts would hold."""
    content, model = EMPTY_CONTENT, {}
    for path, value in steps:
        clash = any(
            path[: len(other)] == other or other[: len(path)] == path
            for other in model
            if other != path
        )
        edit = SetLeaf(path, Secret.from_text(value))
        if clash:
            with pytest.raises(UsageError):
                plan_edits(content, [edit], PLAIN)
        else:
            before = content
            content = plan_edits(content, [edit], PLAIN)
            expected = () if model.get(path) == value else (path,)
            assert changed_paths(before, content) == expected
            model[path] = value
    assert {path: entry[1] for path, entry in content.leaves().items()} == {
        path: Secret.from_text(value) for path, value in model.items()
    }
    assert is_contiguous(content)


def is_contiguous(content: Content) -> bool:
    """All that stands in one map stands together, so that it can be written as one map."""
    paths = [item.path for item in content.items]
    for depth in (1, 2):
        seen: list[LeafPath] = []
        for path in paths:
            if not seen or seen[-1] != path[:depth]:
                seen.append(path[:depth])
        if len(seen) != len(set(seen)):
            return False
    return True


def test_a_manifest_keeps_one_empty_map_at_most() -> None:
    def of(content: Content, *edits: Edit) -> list[Any]:
        return after(content, *edits, selector=SECRET_MANIFEST_SELECTOR)

    new = make("stringData={}")
    assert of(new, put("data.a", "bmV3")) == [("data.a", "bmV3")]
    assert of(new, put("stringData.a")) == [("stringData.a", "new")]
    both = make(("data.a", "eA=="), ("stringData.b", "y"))
    assert of(both, Unset(parse_path("data.a"))) == [("stringData.b", "y")]
    assert of(both, *(Unset(parse_path(one)) for one in ("data.a", "stringData.b"))) == [
        "stringData={}"
    ]


def test_a_comment_is_no_leaf_and_no_changed_path() -> None:
    leaf = Leaf(("a", "b"), 1, LeafType.STR, True, None, None)
    one, other = (
        Content(
            (Comment(("a",), 1, True, None, None), leaf, Empty(("c",), 2, "map")),
            (Secret.from_text(text), Secret.from_text("x"), None),
        )
        for text in ("hello", "bye")
    )
    assert list(one.leaves()) == [("a", "b"), ("c",)]
    assert one.leaves()["c",] == (LeafType.NULL, None)
    assert changed_paths(one, other) == ()
    assert changed_paths(one, Content((leaf,), (Secret.from_text("y"),))) == (("a", "b"), ("c",))
