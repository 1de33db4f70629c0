"""Kills while everything changes, on a real server."""

from __future__ import annotations

import pytest

from tests.fakes.people import Company
from tests.live.server import RealServer
from tests.mirror.soak.accidents import Line
from tests.mirror.vaultwarden.moments import Story, play
from tests.world import World


@pytest.mark.long
def test_a_kill_at_any_moment_is_completed_by_the_next_run(
    world: World, real_server: RealServer, company: Company
) -> None:
    line = Line(real_server.url)
    try:
        print(play(Story(world, company, line, real_server)))
    finally:
        line.stop()
