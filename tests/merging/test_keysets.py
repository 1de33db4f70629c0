"""Keysets are merged by their machine: one move at most, and no way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from plana_secrets.document.edits import EMPTY_CONTENT
from plana_secrets.document.kinds import KEYSET_SELECTOR
from plana_secrets.merging.keysets import keyset_after, merge_keysets
from plana_secrets.merging.reasons import Reason
from plana_secrets.merging.sides import Side
from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.inforce import record_terms
from plana_secrets.rotation.keyset import Keyset, Move, Status, confirm, found_keyset
from plana_secrets.rotation.keysetfile import plan_file_edits
from tests.merging.sides import side
from tests.rotation.examples import API, START, after, counting_material
from tests.rotation.test_keysetfile import histories, read_back, written

LATER = timedelta(hours=1)


def file(keyset: Keyset) -> Side:
    return side(written(EMPTY_CONTENT, plan_file_edits(None, keyset)), selector=KEYSET_SELECTOR)


def merge(*keysets: Keyset | None, choice: Any = None) -> Keyset | Reason | None:
    """The keyset of the merged file, or why there is none."""
    base, ours, theirs = (file(one) if one else None for one in keysets)
    assert ours is not None
    assert theirs is not None
    content, reason = merge_keysets(base, ours, theirs, choice)
    if content is None:
        return reason
    read = read_back(content)
    assert isinstance(read, Keyset)
    return read


make = counting_material()
FIRST = stamp(record_terms(None, found_keyset(API.name, API.kind, make()), API), START)
PUBLISHED = after(FIRST, Move.PUBLISH, API, START + 9 * LATER, make)
OTHER = after(FIRST, Move.PUBLISH, API, START + 9 * LATER, make)
LANDED = stamp(PUBLISHED, START + 10 * LATER)
PROMOTED = after(LANDED, Move.PROMOTE, API, START + timedelta(days=30))


@settings(max_examples=10)
@given(history=histories())
def test_a_move_beside_an_instant_keeps_both_and_the_later_of_two(history: list[Keyset]) -> None:
    for before, moved in pairwise(history):
        latest = before.latest
        if moved.version == before.version or latest is None:
            continue
        keys = tuple(replace(key, since=key.since and key.since + LATER) for key in before.keys)
        dated = replace(before, keys=keys)
        # a file of the first schema has no terms, and a move writes the second one
        old, old_dated = (replace(one, terms=None) for one in (before, dated))
        for merged in (
            merge(before, moved, dated),
            merge(before, dated, moved),
            merge(old, moved, old_dated),
            merge(old, confirm(old_dated, ("desk",)), moved),
        ):
            assert isinstance(merged, Keyset)
            assert (merged.version, merged.active.kid) == (moved.version, moved.active.kid)
            assert (merged.terms, merged.confirmed) == (moved.terms, moved.confirmed)
            for key in merged.keys:
                was = next((one for one in moved.keys if one.kid == key.kid), key)
                assert (key.status, key.value, key.fingerprint) == (
                    was.status, was.value, was.fingerprint,
                )  # fmt: skip
                assert (key.since is None) == (was.since is None)
                assert was.since is None or (key.since and key.since >= was.since)


def test_two_instants_and_two_confirmations_are_merged() -> None:
    one = confirm(LANDED, ("desk",))
    other = confirm(stamp(PUBLISHED, START + 12 * LATER), ("billing",))
    merged = merge(PUBLISHED, one, other)
    assert isinstance(merged, Keyset)
    assert merged.confirmed == ("billing", "desk")
    assert merged.latest == START + 12 * LATER


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "reason"),
    [
        (FIRST, PUBLISHED, OTHER, Reason.TWO_MOVES),
        (FIRST, PROMOTED, OTHER, Reason.TWO_MOVES),
        (None, FIRST, PUBLISHED, Reason.TWO_MOVES),
        (PROMOTED, confirm(PROMOTED, ("desk",)), LANDED, Reason.VERSION_BACK),
        (LANDED, confirm(LANDED, ("desk",)), FIRST, Reason.VERSION_BACK),
        (FIRST, PUBLISHED, replace(FIRST, rotation_id=OTHER.rotation_id), Reason.NOT_BY_ROTATION),
        (FIRST, replace(PUBLISHED, terms=None), confirm(FIRST, ("desk",)), Reason.NOT_BY_ROTATION),
        (replace(FIRST, terms=None), replace(OTHER, terms=None), PUBLISHED, Reason.TWO_MOVES),
    ],
)
def test_moves_that_do_not_go_together_are_a_conflict(
    base: Keyset | None, ours: Keyset, theirs: Keyset, reason: Reason
) -> None:
    assert merge(base, ours, theirs) is reason
    assert merge(base, theirs, ours) is reason


def test_a_choice_takes_a_whole_side_but_never_the_one_that_is_behind() -> None:
    assert merge(FIRST, PUBLISHED, OTHER, choice="ours") == PUBLISHED
    assert merge(FIRST, PUBLISHED, OTHER, choice="theirs") == OTHER
    assert merge(FIRST, PROMOTED, OTHER, choice="ours") == PROMOTED
    assert merge(FIRST, PROMOTED, OTHER, choice="theirs") is Reason.TWO_MOVES
    old, moved = replace(FIRST, terms=None), replace(OTHER, terms=None)
    for choice, taken in (("ours", moved), ("theirs", PUBLISHED)):
        assert merge(old, moved, PUBLISHED, choice=choice) == taken


def test_a_destroyed_key_is_not_brought_back_by_a_side_that_has_it() -> None:
    aborted = after(LANDED, Move.ABORT, API, START + timedelta(days=30))
    assert aborted.keys[-1].status is Status.DESTROYED
    back = replace(LANDED, version=aborted.version + 1)
    dated = confirm(aborted, ("desk",))
    assert merge(aborted, back, dated) is Reason.VERSION_BACK
    assert merge(aborted, back, dated, choice="ours") is Reason.VERSION_BACK


NO_KEYSET = replace(FIRST, kind="nothing")


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (FIRST, PUBLISHED, NO_KEYSET),
        (FIRST, NO_KEYSET, PUBLISHED),
        (FIRST, NO_KEYSET, NO_KEYSET),
        (NO_KEYSET, PUBLISHED, LANDED),
    ],
    ids=["theirs", "ours", "both", "base"],
)
def test_what_is_no_keyset_is_merged_by_choice_alone(
    base: Keyset, ours: Keyset, theirs: Keyset
) -> None:
    sides = [file(one) for one in (base, ours, theirs)]
    assert merge_keysets(*sides, None) == (None, Reason.NOT_BY_ROTATION)
    for choice, chosen in (("ours", sides[1]), ("theirs", sides[2])):
        assert merge_keysets(*sides, choice) == (chosen.content, Reason.NOT_BY_ROTATION)  # type: ignore[arg-type]
    assert keyset_after(*sides) is None


def test_two_sides_that_say_the_same_need_no_base() -> None:
    assert merge(None, PUBLISHED, PUBLISHED) == PUBLISHED
    assert merge(NO_KEYSET, PUBLISHED, PUBLISHED) is Reason.NOT_BY_ROTATION


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "after"),
    [
        (FIRST, PUBLISHED, FIRST, PUBLISHED),
        (FIRST, FIRST, PUBLISHED, PUBLISHED),
        (PUBLISHED, LANDED, PUBLISHED, LANDED),
        (FIRST, PUBLISHED, OTHER, None),
        (None, PUBLISHED, PUBLISHED, PUBLISHED),
        (None, FIRST, PUBLISHED, None),
        (None, FIRST, None, FIRST),
        (None, None, FIRST, FIRST),
        (None, None, None, None),
        (FIRST, FIRST, None, None),
        (FIRST, None, PUBLISHED, None),
    ],
)
def test_the_keyset_after_a_merge_is_known_where_it_is_no_conflict(
    base: Keyset | None, ours: Keyset | None, theirs: Keyset | None, after: Keyset | None
) -> None:
    assert keyset_after(*(file(one) if one else None for one in (base, ours, theirs))) == after
