"""The way back: from an item to the content of its file, and a hand's value into it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.edits import Content, SetLeaf, content_of
from plana_secrets.errors import ConflictError, UsageError
from plana_secrets.mirror.adopt import plan_adoption
from plana_secrets.mirror.backend import Listing
from plana_secrets.mirror.item import build_item, copy_document
from plana_secrets.mirror.restore import LostFile, Restored, plan_restore
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.writing.judge import describe
from plana_secrets.sops.model import (
    Document,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    Selector,
    Structure,
)
from tests.fakes.memory import MemoryBackend
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import make_item

FILE = "infra/secrets/prod/a.yaml"
MANIFEST = Selector("encrypted_regex", "^(data|stringData)$")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
scalars = st.one_of(
    st.tuples(st.just(LeafType.STR), texts),
    st.tuples(st.just(LeafType.INT), st.integers(-(2**63), 2**63 - 1).map(str)),
    st.tuples(st.just(LeafType.BOOL), st.sampled_from(["True", "False"])),
    st.tuples(
        st.just(LeafType.FLOAT), st.sampled_from(["1.5", "-0.25", "3", "+Inf", "-Inf", "NaN"])
    ),
    st.tuples(st.just(LeafType.TIME), st.just("2026-11-23T10:00:00Z")),
    st.tuples(st.just(LeafType.NULL), st.just("")),
)
trees = st.dictionaries(
    texts,
    st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)
        ),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)


def document_of(tree: dict[str, Any], *, selector: Selector = MANIFEST) -> Document:
    """A document as a reader gives it; what stands below ``data`` is in scope."""
    items: list[Item] = []
    values: list[Secret | None] = []

    def walk(path: LeafPath, node: Any) -> None:
        if isinstance(node, tuple):
            type_, text = node
            in_scope = selector.option is None or path[0] in {"data", "stringData"}
            items.append(Leaf(path, 1, type_, in_scope, None, None))
            values.append(None if type_ is LeafType.NULL else Secret.from_text(text))
        elif not node:
            items.append(Empty(path, 1, "map" if isinstance(node, dict) else "list"))
            values.append(None)
        else:
            for step, inner in node.items() if isinstance(node, dict) else enumerate(node):
                walk((*path, step), inner)

    for key, node in tree.items():
        walk((key,), node)
    metadata = Metadata((), selector, False, "", None, "3.11.0", 1)
    return Document(Structure(items, metadata), values, Secret(b""))


def mirrored(document: Document) -> Listing:
    copy = copy_document(document, is_manifest=True)
    item = build_item(
        file=FILE,
        title="a",
        commit=None,
        collection=None,
        fields=copy.fields,
        shape=copy.shape,
        plain=copy.plain,
    )
    backend = MemoryBackend()
    backend.create_items([item])
    return backend.list_items()


def content_after(listing: Listing) -> Content:
    plan = plan_restore(listing)
    assert plan.failed == ()
    (lost,) = plan.files
    assert (lost.missing, lost.by_hand) == ((), ())
    return lost.content


@given(trees, st.dictionaries(st.sampled_from(["x", "y"]), scalars, min_size=1))
def test_a_restore_is_the_inverse_of_mirroring(tree: dict[str, Any], data: dict[str, Any]) -> None:
    document = document_of({**tree, "data": data})
    assert describe(content_after(mirrored(document))) == describe(content_of(document))


def test_what_the_mirror_lost_is_named(place: MemoryPlace) -> None:
    place.open().create_items([make_item(FILE, {"x": "1", "y": "2"}, collection="prod")])
    place.hand.remove_field(FILE, "x")
    place.hand.add_field(FILE, "z", "3")
    place.hand.set_field(FILE, "y", "by hand")
    (lost,) = plan_restore(place.open().list_items()).files
    assert (lost.missing, lost.by_hand) == (("x",), ("y", "z"))
    assert [one.reveal() for one in lost.content.values if one is not None] == [b"by hand"]


def test_the_soundest_of_several_items_is_restored(place: MemoryPlace) -> None:
    place.open().create_items([make_item(FILE, {"x": "1"}, collection="prod")])
    place.hand.clone(FILE)
    place.hand.trash(FILE)
    assert len(plan_restore(place.open().list_items()).files) == 1


def test_an_edit_is_adopted_from_a_duplicate(place: MemoryPlace) -> None:
    place.open().create_items([make_item(FILE, {"x": "1"}, collection="prod")])
    place.hand.clone(FILE)
    place.hand.set_field(FILE, "x", "by hand")
    document = document_of({"x": (LeafType.STR, "1")}, selector=Selector())
    edit = plan_adoption(place.open().list_items(), FILE, "x", document).edit
    assert isinstance(edit, SetLeaf)
    assert (edit.path, edit.value.reveal(), edit.type) == (("x",), b"by hand", LeafType.STR)


def test_two_different_edits_are_not_chosen_between(place: MemoryPlace) -> None:
    place.open().create_items([make_item(FILE, {"x": "1"}, collection="prod")])
    place.hand.set_field(FILE, "x", "one")
    place.hand.clone(FILE)
    place.hand.set_field(FILE, "x", "two")
    document = document_of({"x": (LeafType.STR, "1")}, selector=Selector())
    with pytest.raises(ConflictError) as error:
        plan_adoption(place.open().list_items(), FILE, "x", document)
    assert error.value.kind == "ambiguous-edit"


def test_a_field_with_a_space_in_its_name_is_adopted_by_its_path(place: MemoryPlace) -> None:
    place.open().create_items([make_item(FILE, {"x": "1"}, collection="prod")])
    place.hand.add_field(FILE, "pin of the safe", "4711")
    document = document_of({"x": (LeafType.STR, "1")}, selector=Selector())
    edit = plan_adoption(place.open().list_items(), FILE, '["pin of the safe"]', document).edit
    assert isinstance(edit, SetLeaf)
    assert (edit.path, edit.value.reveal()) == (("pin of the safe",), b"4711")


def test_the_note_is_not_adopted(place: MemoryPlace) -> None:
    place.open().create_items([make_item(FILE, {"x": "1"}, collection="prod")])
    place.hand.set_note(FILE, "by hand")
    with pytest.raises(UsageError) as caught:
        plan_adoption(place.open().list_items(), FILE, ".note", document_of({}))
    assert caught.value.kind == "not-in-file"


def test_only_a_restore_of_every_file_with_every_value_is_complete() -> None:
    whole = LostFile(FILE, Content((), ()))
    assert Restored((whole,), (), ()).is_complete
    for some in (
        Restored((LostFile(FILE, whole.content, missing=("a",)),), (), ()),
        Restored((LostFile(FILE, whole.content, missing_parts=(2,)),), (), ()),
        Restored((whole,), ("there.yaml",), ()),
        Restored((whole,), (), (("gone.yaml", UsageError("no")),)),
    ):
        assert not some.is_complete
