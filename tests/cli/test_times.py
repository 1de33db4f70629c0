"""Times for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plana_secrets.cli.times import relative
from plana_secrets.counts import counted

NOW = datetime(2026, 11, 25, 18, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(minutes=28), "in 28 min (18:43 UTC)"),
        (timedelta(minutes=27, seconds=10), "in 28 min (18:43 UTC)"),
        (timedelta(hours=5), "in 5 h (23:15 UTC)"),
        (timedelta(days=90), "in 90 days (2027-02-23 18:15 UTC)"),
        (timedelta(seconds=30), "now (18:15 UTC)"),
        (-timedelta(minutes=3), "3 min ago (18:12 UTC)"),
        (-timedelta(days=2), "2 days ago (2026-11-23 18:15 UTC)"),
    ],
)
def test_a_time_is_relative_with_the_exact_one_beside_it(away: timedelta, words: str) -> None:
    assert relative(NOW + away, NOW) == words


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [(0, "file", "0 files"), (1, "file", "1 file"), (2, "entry", "2 entries")],
)
def test_a_count_agrees_with_its_noun(number: int, noun: str, words: str) -> None:
    assert counted(number, noun) == words
