"""A repository that is small enough to be verified in every test."""

from __future__ import annotations

import pytest

from tests.verify.helpers import APP
from tests.world import World


@pytest.fixture
def small(world: World) -> World:
    """One secret file, committed."""
    world.encrypt(APP, "user: admin\npassword: pa55\n")
    world.commit()
    return world
