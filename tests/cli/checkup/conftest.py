"""A repository with nothing wrong."""

from __future__ import annotations

import pytest

from tests.cli.checkup.doctor import FILE
from tests.world import World


@pytest.fixture
def healthy(world: World) -> World:
    """A repository with one secret file and nothing wrong."""
    world.encrypt(FILE, "a: SENTINEL-value\n")
    world.commit()
    return world
