"""Laws of plan and apply, on worlds that nobody thought of.

Files and their values change, hands change the mirror, runs are killed: whatever came
before, no value that only the mirror holds is lost, nothing foreign is touched, and two
runs end where one does.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.mirror.backend import Backend, DesiredItem
from plana_secrets.mirror.drift import Choices
from tests.mirror.places import LocalPlace, MemoryPlace, label_of
from tests.mirror.steps import Interrupted, Interrupting, Kept, contents, look, make_item, sync

FILES = ["infra/secrets/a.yaml", "infra/secrets/dev/b.yaml", "infra/secrets/prod/c.yaml"]
PATHS = ["one", "two.x", 'list["a b"]', "three[0]"]
FEW = 2_500
"""Bytes: an item of one or two leaves."""

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
trees = st.dictionaries(
    st.sampled_from(FILES), st.dictionaries(st.sampled_from(PATHS), values, max_size=4)
)
choices = st.builds(Choices, prune=st.booleans(), overwrite_edits=st.booleans())


@dataclass(frozen=True)
class HandMove:
    kind: str
    file: str
    path: str
    text: str


hand_moves = st.lists(
    st.builds(
        HandMove,
        st.sampled_from(
            ["set", "add", "remove", "note", "title", "clone", "trash", "retype", "move", "delete"]
        ),
        st.sampled_from(FILES),
        st.sampled_from(PATHS),
        values.map(lambda text: f"by hand {text}"),
    ),
    max_size=5,
)


def items_of(tree: dict[str, dict[str, str]], collection: str | None) -> list[DesiredItem]:
    return [make_item(file, leaves, collection=collection) for file, leaves in tree.items()]


def make_move(place: MemoryPlace | LocalPlace, move: HandMove) -> None:
    """Make a hand's move where it can be made."""
    present = [
        item
        for item in place.open().list_items().items
        if (label_of(item) or "").startswith(move.file)
    ]
    item = present[len(move.text) % len(present)] if present else None
    if item is None or (move.kind in {"set", "remove"} and move.path not in item.fields):
        return
    hand, label = place.hand, label_of(item) or ""
    moves = {
        "set": lambda: hand.set_field(label, move.path, move.text),
        "add": lambda: hand.add_field(label, "extra", move.text),
        "remove": lambda: hand.remove_field(label, move.path),
        "note": lambda: hand.set_note(label, move.text),
        "title": lambda: hand.set_title(label, move.text),
        "clone": lambda: hand.clone(label),
        "trash": lambda: hand.trash(label),
        "retype": lambda: hand.retype(label),
        "move": lambda: hand.move(label),
        "delete": lambda: hand.delete(label),
    }
    moves[move.kind]()


def values_by_hand(backend: Backend) -> set[str]:
    """Everything in the mirror that only a hand can have put there."""
    return {
        text
        for item in backend.list_items().items
        for text in [item.title, item.note, *(one.reveal_text() for one in item.fields.values())]
        if text.startswith("by hand")
    }


def values_kept(keep: Kept) -> set[str]:
    return {
        text
        for item in keep
        for text in [item.title, item.note, *(one.reveal_text() for one in item.fields.values())]
    }


@pytest.fixture(params=["memory", "local", "divided"])
def kind(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


def new_place(kind: str, folder: str) -> MemoryPlace | LocalPlace:
    if kind == "divided":
        return MemoryPlace(limit=FEW)
    return MemoryPlace() if kind == "memory" else LocalPlace(Path(folder))


@given(before=trees, after=trees, moves=hand_moves, chosen=choices)
def test_a_run_loses_nothing_and_the_next_has_nothing_to_do(
    kind: str,
    before: dict[str, dict[str, str]],
    after: dict[str, dict[str, str]],
    moves: list[HandMove],
    chosen: Choices,
) -> None:
    with TemporaryDirectory() as folder:
        place = new_place(kind, folder)
        place.hand.add_foreign("somebody's")
        sync(place.open(), items_of(before, place.collection))
        for move in moves:
            make_move(place, move)
        foreign, by_hand = place.hand.foreign(), values_by_hand(place.open())
        wanted, keep = items_of(after, place.collection), Kept()
        applied = sync(place.open(), wanted, chosen, keep)
        assert by_hand <= values_by_hand(place.open()) | values_kept(keep)
        assert place.hand.foreign() == foreign
        assert look(place.open(), wanted, chosen).is_empty
        assert set(applied.after.drift) == set(applied.after.left)
        if chosen.prune and chosen.overwrite_edits:
            assert applied.after.drift == ()
            assert set(contents(place.open())) == set(after)
            assert kind == "divided" or len(applied.listing.items) == len(wanted)
        if not moves:
            assert not keep


@given(before=trees, after=trees, moves=hand_moves, call=st.integers(0, 8), late=st.booleans())
def test_a_killed_run_is_completed_by_the_next(
    kind: str,
    before: dict[str, dict[str, str]],
    after: dict[str, dict[str, str]],
    moves: list[HandMove],
    call: int,
    late: bool,
) -> None:
    with TemporaryDirectory() as folder:
        place = new_place(kind, folder)
        everything = Choices(prune=True, overwrite_edits=True)
        sync(place.open(), items_of(before, place.collection))
        for move in moves:
            make_move(place, move)
        by_hand, keep = values_by_hand(place.open()), Kept()
        wanted = items_of(after, place.collection)
        with contextlib.suppress(Interrupted):
            sync(Interrupting(place.open(), call, after=late), wanted, everything, keep)
        assert by_hand <= values_by_hand(place.open()) | values_kept(keep)
        applied = sync(place.open(), wanted, everything, keep)
        assert applied.after.drift == ()
        files = [item.record.file for item in applied.listing.items if item.record]
        assert sorted(set(files) if kind == "divided" else files) == sorted(after)
