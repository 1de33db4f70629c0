"""A file in several items: where its leaves are, what a part says of itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import DesiredItem, Part, PlainLeaf
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.mirror.backends.vaultwarden.items import seal_item, size_of_fields
from plana_secrets.mirror.drift import Wanted
from plana_secrets.mirror.form import weigh
from plana_secrets.mirror.parts import lay_out, parts_of, reunite
from plana_secrets.mirror.record import decode_record, encode_record, pack_record, unpack_record
from plana_secrets.sops.model import LeafType
from tests.mirror.divided import (
    FILE,
    LIMIT,
    STEPS,
    DividedContract,
    check_nothing_is_lost,
    check_settled,
)
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import LATER, OVERWRITE, Interrupted, Interrupting, Kept, make_item, sync

ROOM = 20
BOTH = {"a": {1}, "b": {1}, "c": {2}, "d": {2}}
KEY = SymmetricKey.generate()

paths = st.text("abcdefgh", min_size=1, max_size=2)
weights = st.dictionaries(paths, st.integers(1, 12), min_size=1, max_size=25)
homes = st.dictionaries(paths, st.sets(st.integers(1, 6), min_size=1, max_size=2), max_size=25)


class TestMemory(DividedContract):
    @pytest.fixture
    def place(self) -> MemoryPlace:
        return MemoryPlace(limit=LIMIT)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed_loses_nothing_and_is_completed(step: str, late: bool) -> None:
    start, end = STEPS[step]
    for call in range(12):
        place = MemoryPlace(limit=LIMIT)
        sync(place.open(), [make_item(FILE, start, collection="prod")])
        wanted = [make_item(FILE, end, collection="prod", commit=LATER)]
        with suppress(Interrupted):
            sync(Interrupting(place.open(), call, after=late), wanted)
        check_nothing_is_lost(place, start, end)
        check_settled(place, end)


@given(weights, homes)
def test_every_leaf_is_in_one_part_that_has_room_and_the_next_run_agrees(
    leaves: dict[str, int], before: dict[str, set[int]]
) -> None:
    numbers = lay_out(leaves, before, ROOM)
    assert list(numbers) == list(leaves)
    for number in set(numbers.values()):
        assert sum(leaves[path] for path in leaves if numbers[path] == number) <= ROOM
    again = {path: {number} for path, number in numbers.items()}
    assert lay_out(leaves, again, ROOM) == numbers
    assert (max(numbers.values()) == 1) == (sum(leaves.values()) <= ROOM)


@given(weights, homes, st.data())
def test_a_part_that_gives_takes_nothing(
    leaves: dict[str, int], before: dict[str, set[int]], data: st.DataObject
) -> None:
    """Else it would wait itself while others wait for it, and one run would not be enough."""
    assert lay_out({"a": 15, "b": 10, "c": 8, "d": 13}, BOTH, ROOM) == {
        "a": 1,
        "b": 3,
        "c": 2,
        "d": 4,
    }
    numbers = lay_out(leaves, before, ROOM)
    swollen = data.draw(st.sampled_from(sorted(leaves)))
    present = {path: {number} for path, number in numbers.items()}
    after = lay_out({**leaves, swollen: 12}, present, ROOM)
    moved = {path for path in leaves if after[path] != numbers[path]}
    givers, takers = {numbers[path] for path in moved}, {after[path] for path in moved}
    top = max(after.values())
    assert not {one for one in givers if one <= top} & takers


def test_one_value_that_changes_moves_no_other() -> None:
    leaves = {str(number): 5 for number in range(40)}
    numbers = lay_out(leaves, {}, ROOM)
    present = {path: {number} for path, number in numbers.items()}
    assert lay_out({**leaves, "7": 4}, present, ROOM) == numbers
    after = lay_out({**leaves, "7": 9}, present, ROOM)
    assert [path for path in leaves if after[path] != numbers[path]] == ["7"]
    new = lay_out({"new": 1, **leaves}, present, ROOM)
    assert {path: new[path] for path in leaves} == numbers


def test_a_leaf_that_no_part_has_room_for_is_alone() -> None:
    assert lay_out({"a": 5, "b": 50, "c": 5}, {}, ROOM) == {"a": 1, "b": 2, "c": 1}


values = st.dictionaries(st.text(max_size=30), st.text(max_size=300), min_size=1, max_size=12)


@given(values, st.dictionaries(st.text(max_size=30), st.text(max_size=300), max_size=4))
def test_what_a_part_weighs_is_never_less_than_its_encrypted_fields(
    shown: dict[str, str], readable: dict[str, str]
) -> None:
    """Also where the record has no repetition that could be compressed."""
    shown = {name.encode("utf-8", "replace").decode(): text for name, text in shown.items()}
    item = make_item("infra/secrets/prod/ä.yaml", shown, repository="r-0123456789abcdef")
    plain = tuple(PlainLeaf(path, text, LeafType.STR) for path, text in readable.items())
    shape = tuple((leaf.path, leaf.type, "plain") for leaf in plain if leaf.path not in shown)
    record = replace(item.record, shape=(*item.record.shape, *shape), plain=plain)
    item = replace(item, record=record, fields=item.fields)
    around, paths = weigh(item)
    assert size_of_fields(seal_item(item, "o", KEY)) <= around + sum(paths.values())


def divided(values: dict[str, str]) -> tuple[DesiredItem, ...]:
    item = make_item("infra/secrets/a.yaml", values)
    wanted = Wanted((item,), item_size=LIMIT, divided=frozenset({item.file}))
    return parts_of(item, (), wanted)


def test_a_record_says_which_part_it_is_and_old_releases_leave_it_alone() -> None:
    """They know one kind of record, and what they cannot read they never touch."""
    parts = divided({f"v{number}": "x" * 50 for number in range(12)})
    assert len(parts) > 2
    for part in parts:
        text = encode_record(part.record)
        assert decode_record(text) == part.record
        assert unpack_record(text)["schema"] == "plana-secrets/mirror-record/2"
    whole = make_item("a", {"x": "1"}).record
    assert unpack_record(encode_record(whole))["schema"] == "plana-secrets/mirror-record/1"


@pytest.mark.parametrize(
    "part",
    [
        [0, 1, []],
        [3, 2, []],
        [1, 1_001, []],
        [1, 2, [[1]]],
        [1, 2, [[1, 0]]],
        [1, 2, [["1", 2]]],
        [True, 2, []],
        [1, 2],
        None,
    ],
    ids=str,
)
def test_a_record_of_a_strange_part_is_none(part: object) -> None:
    content = unpack_record(encode_record(divided({"a": "x" * 3000, "b": "y"})[0].record))
    with pytest.raises(MalformedError) as error:
        decode_record(pack_record({**content, "part": part}))
    assert error.value.kind == "bad-record"


def test_leaves_that_the_order_does_not_know_come_last() -> None:
    """As after a run that was killed before it wrote the first part."""
    from tests.fakes.memory import MemoryBackend

    backend = MemoryBackend()
    parts = [
        _with(part, Part(number, 2, ((1, 1), (2, 1)) if number == 1 else ()))
        for number, part in enumerate(
            (make_item("f", {"a": "1", "d": "4"}), make_item("f", {"b": "2"})), start=1
        )
    ]
    backend.create_items(parts)
    pairs = [(one, one.record) for one in backend.list_items().items if one.record]
    whole = reunite(pairs)
    assert [path for path, _, _ in whole.record.shape] == ["a", "b", "d"]
    assert whole.record.part is None
    assert whole.missing == ()


def test_two_parts_that_people_swapped_are_left_until_they_are_overwritten() -> None:
    place = MemoryPlace(limit=LIMIT)
    wanted = [make_item(FILE, STEPS["grow"][0], collection="prod")]
    sync(place.open(), wanted)
    first, second = (place.store.items[number] for number in ("1", "2"))
    place.store.items |= {
        "1": replace(first, fields=second.fields),
        "2": replace(second, fields=first.fields),
    }
    before = dict(place.store.items)
    left = sync(place.open(), wanted).left
    assert {one.item for one in left if one.kind.value == "hand-edited"} == {
        first.title,
        second.title,
    }
    assert place.store.items == before
    keep = Kept()
    assert sync(place.open(), wanted, OVERWRITE, keep).after.drift == ()
    assert len(keep) == 2
    check_settled(place, STEPS["grow"][0])


def _with(item: DesiredItem, part: Part) -> DesiredItem:
    return replace(item, record=replace(item.record, part=part))
