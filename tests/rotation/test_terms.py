"""What is recorded of a rotation: one spelling, and no other way to read the same bytes."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.fields.durations import LONGEST, format_duration, parse_duration
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.rotation.terms import (
    RELOADS,
    Terms,
    format_terms,
    lengthen,
    parse_terms,
)

DURATIONS = st.integers(0, int(LONGEST.total_seconds())).map(lambda one: timedelta(seconds=one))
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
PLACES = st.from_regex(
    r"infra/[a-z ]{0,3}[a-z]\.yaml#[a-z]{1,5}(\.[a-z]{1,4})?(\[\"[a-z .]{0,3} \"\])?",
    fullmatch=True,
)
KIDS = st.from_regex(r"k[0-9a-f]{8,12}|legacy", fullmatch=True)


def sorted_set(one: st.SearchStrategy) -> st.SearchStrategy:
    return st.sets(one, max_size=3).map(lambda found: tuple(sorted(found)))


@st.composite
def recorded(draw: st.DrawFn) -> tuple[str, Terms, tuple[str, ...]]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    terms = Terms(
        tuple((name, draw(DURATIONS)) for name in KINDS[kind].WAITS),
        draw(st.sampled_from(RELOADS)),
        draw(sorted_set(NAMES)),
        draw(sorted_set(PLACES)),
        draw(sorted_set(PLACES)),
        tuple(sorted(draw(st.dictionaries(KIDS, DURATIONS, max_size=3)).items())),
    )
    return kind, terms, draw(sorted_set(NAMES))


@given(recorded())
def test_what_is_recorded_reads_back_the_same(case: tuple[str, Terms, tuple[str, ...]]) -> None:
    kind, terms, confirmed = case
    assert parse_terms(format_terms(terms, confirmed), KINDS[kind].WAITS) == (terms, confirmed)


@given(recorded(), st.data())
def test_the_same_bytes_cut_elsewhere_are_refused(
    case: tuple[str, Terms, tuple[str, ...]], data: st.DataObject
) -> None:
    """SOPS authenticates the bytes of all values in a row, not where one ends."""
    kind, terms, confirmed = case
    lines = format_terms(terms, confirmed)
    whole = "".join(lines)
    cuts = {0}
    for line in lines:
        cuts.add(max(cuts) + len(line))
    moved = data.draw(st.sampled_from(sorted(cuts - {0, len(whole)})))
    to = data.draw(st.integers(1, len(whole) - 1))
    changed = sorted((cuts - {moved}) | data.draw(st.sampled_from([{to}, set()])))
    if set(changed) == cuts:
        return
    again = [whole[start:end] for start, end in itertools.pairwise(changed)]
    with pytest.raises(ValueError):
        parse_terms(again, KINDS[kind].WAITS)


@given(DURATIONS)
def test_a_duration_has_one_spelling(time: timedelta) -> None:
    assert parse_duration(format_duration(time)) == time


@pytest.mark.parametrize("text", ["", "30", "m", "-1m", "1.5h", "01m", "30 m", "3651d", "1w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(recorded(), recorded())
def test_lengthened_terms_ask_for_all_that_either_asks(
    one: tuple[str, Terms, tuple[str, ...]], other: tuple[str, Terms, tuple[str, ...]]
) -> None:
    if one[0] != other[0]:
        return
    both = lengthen(one[1], other[1])
    for terms in (one[1], other[1]):
        assert all(both.wait(name) >= wait for name, wait in terms.waits)
        assert RELOADS.index(both.reload) >= RELOADS.index(terms.reload)
        assert set(terms.awaits) <= set(both.awaits)
