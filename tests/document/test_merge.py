"""Merging two changes of one document: both are there, or the conflict is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.edits import Content
from plana_secrets.document.emit import emit_yaml
from plana_secrets.document.merge import COMMENTS, Merge, merge_contents
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.writing.judge import describe
from plana_secrets.secretfiles.writing.stage import parse_plain
from plana_secrets.sops.model import Comment, Empty, Item, Leaf, LeafType

Tree = Any
"""Nested dicts and lists of texts; a key that begins with # is a comment."""

texts = st.sampled_from(["1", "2", "3"])
trees = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]),
    st.recursive(
        texts,
        lambda inner: st.one_of(
            st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3),
            st.lists(texts, max_size=3),
        ),
        max_leaves=6,
    ),
    max_size=4,
)


def content_of(tree: Tree) -> Content:
    items: list[Item] = []
    values: list[Secret | None] = []

    def walk(path: LeafPath, node: Tree) -> None:
        if isinstance(node, str):
            items.append(Leaf(path, 0, LeafType.STR, True, None, None))
            values.append(Secret.from_text(node))
            return
        if not node and path:
            items.append(Empty(path, 0, "map" if isinstance(node, dict) else "list"))
            values.append(None)
        for step, below in node.items() if isinstance(node, dict) else enumerate(node):
            if str(step).startswith("#"):
                items.append(Comment(path, 0, True, None, None))
                values.append(Secret.from_text(step[1:]))
            else:
                walk((*path, step), below)

    walk((), tree)
    return Content(tuple(items), tuple(values))


def merge(base: Tree, mine: Tree, theirs: Tree, **winners: Any) -> Merge:
    return merge_contents(content_of(base), content_of(mine), content_of(theirs), **winners)


def check_document(content: Content) -> None:
    """It is written as it is planned: what is in one map is together, in that order."""
    plain = emit_yaml(content.items, content.values)
    assert describe(parse_plain(plain, "x.yaml")) == describe(content) or not content.items


def leaves(content: Content | None) -> dict[LeafPath, bytes | None]:
    assert content is not None
    return {
        path: value.reveal() if value is not None else None
        for path, (_, value) in content.leaves().items()
    }


@given(base=trees, other=trees)
def test_a_change_of_one_side_alone_is_taken_as_it_is(base: Tree, other: Tree) -> None:
    for result in (merge(base, other, base), merge(base, base, other), merge(base, other, other)):
        assert result.conflicts == ()
        assert leaves(result.content) == leaves(content_of(other))


@given(base=trees, mine=trees, theirs=trees)
def test_what_merges_merges_alike_from_both_sides(base: Tree, mine: Tree, theirs: Tree) -> None:
    """Every path comes from a side that changed it, or from the base; the result is a document."""
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert bool(one.conflicts) == bool(other.conflicts)
    if one.content is None:
        assert one.conflicts
        return
    result = leaves(one.content)
    assert result == leaves(other.content)
    before, left, right = (leaves(content_of(tree)) for tree in (base, mine, theirs))
    for path in {*before, *left, *right, *result}:
        values = [tree.get(path, "gone") for tree in (before, left, right, result)]
        assert values[3] in (values[:1] if values[1] == values[2] == values[0] else values[1:3])
    check_document(one.content)


def test_a_new_map_is_not_put_into_one_that_took_the_place_of_a_value() -> None:
    base = {"keep": {"in": "1", "b": "2"}}
    result = merge(base, {**base, "c": {"r": "3"}}, {"keep": {"in": "1", "b": {"s": "4"}}})
    assert result.content is not None
    check_document(result.content)
    assert list(leaves(result.content)) == [("keep", "in"), ("keep", "b", "s"), ("c", "r")]


@given(base=trees, mine=trees, theirs=trees, side=st.sampled_from(["mine", "theirs"]))
def test_a_winner_settles_every_conflict(base: Tree, mine: Tree, theirs: Tree, side: Any) -> None:
    """The winner's changes at the conflicts are in the result, which is a document again."""
    conflicts = merge(base, mine, theirs).conflicts
    result = merge(base, mine, theirs, winners=dict.fromkeys(conflicts, side))
    assert result.content is not None
    check_document(result.content)
    wanted = leaves(content_of(mine if side == "mine" else theirs))
    for path in conflicts:
        below = {one for one in wanted if one[: len(path)] == path}
        assert below <= set(leaves(result.content))


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "conflicts"),
    [
        ({"a": "1"}, {"a": "2"}, {"a": "3"}, [("a",)]),
        ({"a": "1"}, {"a": "2"}, {}, [("a",)]),
        ({"a": "1"}, {}, {"a": "2"}, [("a",)]),
        ({}, {"a": "1"}, {"a": "2"}, [("a",)]),
        ({"a": {"x": "1"}}, {"a": {"x": "2"}}, {"a": "1"}, [("a",)]),
        ({"a": ["1", "2"]}, {"a": ["1"]}, {"a": ["1", "3"]}, [("a",)]),
        ({"a": {"x": "1"}}, {"a": {}}, {"a": {"x": "1", "y": "2"}}, [("a",)]),
    ],
)
def test_conflicts_are_named_by_path(
    base: Tree, mine: Tree, theirs: Tree, conflicts: list[LeafPath]
) -> None:
    result = merge(base, mine, theirs)
    assert result.content is None
    assert list(result.conflicts) == conflicts


def test_two_new_entries_of_one_map_are_both_taken_in_their_places() -> None:
    base = {"a": {"x": "1"}, "b": "1"}
    mine = {"a": {"x": "1", "y": "2"}, "b": "1"}
    theirs = {"new": "0", "a": {"x": "1", "z": "3"}, "b": "1"}
    result = merge(base, mine, theirs)
    assert [path for path, _ in leaves(result.content).items()] == [
        ("new",),
        ("a", "x"),
        ("a", "y"),
        ("a", "z"),
        ("b",),
    ]


def test_comments_go_with_the_side_that_changed_them() -> None:
    base = {"# old": "", "a": "1", "b": "1"}
    mine = {"# mine": "", "a": "2", "b": "1"}
    result = merge(base, mine, {"# old": "", "a": "1", "b": "3"})
    assert result.content is not None
    assert describe(result.content) == describe(content_of({"# mine": "", "a": "2", "b": "3"}))
    theirs = {"# theirs": "", "a": "1", "b": "3"}
    assert merge(base, mine, theirs).conflicts == (COMMENTS,)
    chosen = merge(base, mine, theirs, winners={COMMENTS: "theirs"}).content
    assert chosen is not None
    assert describe(chosen) == describe(content_of({"# theirs": "", "a": "2", "b": "3"}))


def test_comments_go_with_the_map_that_lost() -> None:
    mine = {"# mine": "", "a": {"# inside": "", "x": {"# deeper": "", "y": "1"}}}
    for theirs in ({"a": "1"}, {"a": []}, {"a": {}}):
        result = merge({}, mine, theirs, winners={("a",): "theirs"})
        assert result.content is not None
        emit_yaml(result.content.items, result.content.values)
        assert describe(result.content) == describe(content_of({"# mine": "", **theirs}))


def typed(type_: LeafType, text: str) -> Content:
    return Content((Leaf(("a",), 0, type_, True, None, None),), (Secret.from_text(text),))


def test_another_type_of_the_same_text_is_a_change() -> None:
    text, number, truth = (typed(one, "1") for one in (LeafType.STR, LeafType.INT, LeafType.FLOAT))
    for mine, theirs in ((number, text), (text, number), (number, number)):
        result = merge_contents(text, mine, theirs)
        assert result.conflicts == ()
        assert result.content is not None
        assert result.content.leaves()["a",][0] is LeafType.INT
    assert merge_contents(text, number, truth).conflicts == (("a",),)


def test_an_empty_map_and_an_empty_list_differ() -> None:
    result = merge({"a": {}}, {"a": []}, {"a": {}})
    assert result.content is not None
    assert [item.container for item in result.content.items if isinstance(item, Empty)] == ["list"]


def test_a_comment_of_the_document_outlives_its_last_key() -> None:
    comment = Content((Comment((), 1, True, None, None),), (Secret.from_text("x"),))
    base = Content(
        (*comment.items, *typed(LeafType.STR, "1").items), (*comment.values, Secret(b"1"))
    )
    result = merge_contents(base, comment, base)
    assert result.content is not None
    assert describe(result.content) == describe(comment)
