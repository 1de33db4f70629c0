"""What most tests of the mirror commands begin with."""

from __future__ import annotations

import pytest

from tests.cli.commands.mirror.mirrored import make_place
from tests.world import World


@pytest.fixture
def place(world: World) -> World:
    return make_place(world)
