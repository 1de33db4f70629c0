"""A repository with a plain map and a manifest."""

from __future__ import annotations

import pytest

from tests.secretfiles.conftest import PLAIN_FILE, PLAIN_TEXT, SECRET_FILE, SECRET_TEXT
from tests.world import World


@pytest.fixture
def files_world(world: World) -> World:
    world.encrypt(PLAIN_FILE, PLAIN_TEXT)
    world.encrypt(SECRET_FILE, SECRET_TEXT)
    world.commit("files")
    return world
