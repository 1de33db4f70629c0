"""A file that is there to be broken."""

from __future__ import annotations

import pytest

from tests.secretfiles.editing.damage import FILE, PLAIN
from tests.world import World


@pytest.fixture
def broken(world: World) -> World:
    world.encrypt(FILE, PLAIN)
    world.commit()
    return world
