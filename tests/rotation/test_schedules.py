"""Random schedules over a flaky remote, as many as seconds allow; ``scripts/simulate`` has more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plana_secrets.rotation import delivery, keyset
from plana_secrets.secretfiles.writing import push
from tests.simulation import memory
from tests.simulation.judge import Violation
from tests.simulation.schedule import play

SEEDS = range(24)
FIRST = {"no read-back": 120, "leap": 90}
"""Near the first schedule in which the fault shows, for a test that takes seconds."""


@pytest.mark.parametrize("seed", range(4))
def test_by_true_time_no_key_is_promoted_or_retired_early_and_none_comes_back(seed: int) -> None:
    for one in range(seed, len(SEEDS), 4):
        play(one)


@pytest.mark.long
def test_the_same_on_real_git() -> None:
    play(0, real=True, events=6)


@pytest.mark.parametrize("fault", ["no read-back", "no lease", "old instants", "no clock", "leap"])
def test_a_product_with_a_fault_is_found_out(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge sees what it is there for."""
    if fault == "no read-back":
        monkeypatch.setattr(push, "_is_there", lambda *_: True)
    if fault == "no lease":
        real = memory.Server.take
        monkeypatch.setattr(memory.Server, "take", lambda self, commit, _: real(self, commit, None))
    if fault == "old instants":
        monkeypatch.setattr(delivery, "forget_undeployed", lambda ours, _: ours)
    if fault == "no clock":
        monkeypatch.setattr(keyset, "CLOCK_TOLERANCE", timedelta(days=9))
        monkeypatch.setattr(keyset, "opens_at", lambda *_: None)
    if fault == "leap":
        monkeypatch.setattr(delivery, "_refuse_leap", lambda *_: None)
    with pytest.raises(Violation):
        _play_from(FIRST.get(fault, 0))


def _play_from(first: int) -> None:
    for seed in range(first, first + 1000):
        play(seed)
