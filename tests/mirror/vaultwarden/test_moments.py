"""Kills while everything changes, on the fake server."""

from __future__ import annotations

import pytest

from tests.fakes.people import Company
from tests.mirror.soak.accidents import Line
from tests.mirror.vaultwarden.moments import Silent, Story, play
from tests.world import World


@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_a_kill_at_any_moment_is_completed_by_the_next_run(world: World, company: Company) -> None:
    line = Line(company.url)
    try:
        print(play(Story(world, company, line, Silent())))
    finally:
        line.stop()
