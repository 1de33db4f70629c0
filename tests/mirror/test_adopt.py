"""Which field of which item is adopted, and in the form that its place in the file takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from plana_secrets.document.edits import SetLeaf, Unset
from plana_secrets.errors import UsageError
from plana_secrets.mirror.adopt import plan_adoption, plan_adoptions
from plana_secrets.mirror.backend import ActualItem
from plana_secrets.mirror.fieldnames import typed
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Document, LeafType, Selector, Structure
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import make_item
from tests.mirror.test_restore import MANIFEST, document_of

FILE, OTHER = "infra/secrets/prod/a.yaml", "infra/secrets/prod/b.yaml"
TEXT = (LeafType.STR, "1")


@pytest.fixture
def place() -> MemoryPlace:
    made = MemoryPlace()
    made.open().create_items([make_item(FILE, {"x": "1"}), make_item(OTHER, {"x": "1"})])
    return made


def adopt(place: MemoryPlace, path: str, document: Document) -> SetLeaf:
    edit = plan_adoption(place.open().list_items(), FILE, path, document).edit
    assert isinstance(edit, SetLeaf)
    return edit


def test_only_items_of_the_file_are_asked(place: MemoryPlace) -> None:
    broken = ActualItem("9", "", "", None, {"x": Secret.from_text("no")}, None, frozenset())
    place.store.items["9"] = broken
    place.hand.set_field(OTHER, "x", "theirs")
    document = document_of({"x": TEXT}, selector=Selector())
    with pytest.raises(UsageError) as caught:
        adopt(place, "x", document)
    assert caught.value.kind == "nothing-to-adopt"
    with pytest.raises(UsageError) as caught:
        adopt(place, "y", document)
    assert caught.value.kind == "not-in-mirror"


@pytest.mark.parametrize("name", ["data.new", "stringData.new", "new"])
@pytest.mark.parametrize("selector", [Selector(), MANIFEST])
def test_what_is_new_in_the_data_of_a_secret_is_encoded_and_nothing_else(
    place: MemoryPlace, name: str, selector: Selector
) -> None:
    """``data`` of a plain map is a key like any other."""
    place.hand.add_field(FILE, name, "hello")
    edit = adopt(place, name, document_of({"x": TEXT}, selector=selector))
    in_secret = name == "data.new" and selector is MANIFEST
    assert edit.value.reveal() == (b"aGVsbG8=" if in_secret else b"hello")
    if selector is MANIFEST and name == "new":
        assert edit.path == ("stringData", "new")
    else:
        assert edit.path == tuple(name.split("."))


def test_a_file_without_metadata_is_no_secret(place: MemoryPlace) -> None:
    place.hand.add_field(FILE, "data.new", "hello")
    assert (
        adopt(place, "data.new", Document(Structure([], None), [], Secret(b""))).value.reveal()
        == b"hello"
    )


def test_the_leaf_keeps_its_type_and_a_null_becomes_a_text(place: MemoryPlace) -> None:
    place.hand.set_field(FILE, "x", "5")
    for type_, expected in (
        (LeafType.INT, LeafType.INT), (LeafType.STR, LeafType.STR), (LeafType.NULL, LeafType.STR),
    ):  # fmt: skip
        document = document_of({"x": (type_, "4")}, selector=Selector())
        assert adopt(place, "x", document).type is expected
    assert adopt(place, "x", document_of({}, selector=Selector())).type is LeafType.STR


def test_a_bare_name_means_a_key_of_the_top_and_no_position(place: MemoryPlace) -> None:
    place.hand.add_field(FILE, "a b", "1")
    place.hand.add_field(FILE, "b", "2")
    document = document_of({"x": TEXT}, selector=Selector())
    assert adopt(place, '["a b"]', document).path == ("a b",)
    with pytest.raises(UsageError):
        adopt(place, "a.b", document)
    place.hand.set_field(FILE, "x", "by hand")
    for inside in ("x.y", "x[0]"):  # never the value of what is above
        with pytest.raises(UsageError):
            adopt(place, inside, document)


@given(name=st.text(max_size=8))
@example(name="a`b")
@example(name="[0]")
@example(name='["x"]')
def test_a_field_of_any_name_is_found_by_what_is_printed_for_it(name: str) -> None:
    assume(name not in {"x", ".title", ".note"})
    made = MemoryPlace()
    made.open().create_items([make_item(FILE, {"x": "1"})])
    made.hand.add_field(FILE, name, "by hand")
    word = typed(name)
    assert word.isprintable()
    assert "`" not in word
    listing = made.open().list_items()
    found = plan_adoption(listing, FILE, word, document_of({"x": TEXT}, selector=Selector()))
    assert found.name == name
    assert isinstance(found.edit, SetLeaf)


def test_removals_come_last_and_from_the_end() -> None:
    made = MemoryPlace()
    made.open().create_items([make_item(FILE, {"x": "1", "y": "2", "z": "3"})])
    for name in ("x", "y"):
        made.hand.remove_field(FILE, name)
    made.hand.add_field(FILE, "new", "4")
    document = document_of(
        {name: (LeafType.STR, text) for name, text in zip("xyz", "123", strict=True)},
        selector=Selector(),
    )
    edits = plan_adoptions(made.open().list_items(), FILE, document)
    assert [(one.name, str(one.change)) for one in edits] == [
        ("new", "added"), ("y", "removed"), ("x", "removed"),
    ]  # fmt: skip
    newer = document_of({"x": (LeafType.STR, "other")}, selector=Selector())
    edits = plan_adoptions(made.open().list_items(), FILE, newer)
    assert [one.name for one in edits] == ["new"]


def test_a_removal_of_what_is_not_known_is_taken_by_its_path_alone() -> None:
    """Some backends lose what was in a field together with the field."""
    made = MemoryPlace()
    made.open().create_items([make_item(FILE, {"x": "1"})])
    made.hand.remove_field(FILE, "x")
    ((key, item),) = made.store.items.items()
    assert item.record is not None
    record = replace(item.record, digests={**item.record.digests, "x": ""})
    made.store.items[key] = replace(item, record=record)
    document = document_of({"x": (LeafType.STR, "1")}, selector=Selector())
    (found,) = plan_adoptions(made.open().list_items(), FILE, document)
    assert (str(found.change), found.is_newer) == ("removed", True)
    assert adopt_any(made, "x", document) == Unset(("x",))


def adopt_any(place: MemoryPlace, path: str, document: Document) -> object:
    return plan_adoption(place.open().list_items(), FILE, path, document).edit
