"""The tour ends well, leaves nothing behind, and touches nothing of the person's."""

from __future__ import annotations

import pytest

from tests.world import World


@pytest.mark.long
def test_the_tour_shows_a_finding_a_crash_and_a_recovery(world: World):
    before = world.git("status", "--porcelain")
    result = world.run("demo")
    assert result.status == 0, result
    assert "error: not-encrypted" in result.stdout
    assert "Killed" in result.stdout
    assert "interrupted change" in result.stdout
    assert "the tour is over" in result.stderr
    for value in ("AGE-SECRET-KEY", "correct horse", "in-plain"):
        assert value not in result.stdout + result.stderr
    assert world.git("status", "--porcelain") == before
    assert not list(world.home.iterdir())
