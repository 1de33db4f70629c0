"""Fixtures of the tests of ``edit``."""

from __future__ import annotations

import pytest

from tests.cli.commands.edit.editor import FILE, TEXT
from tests.world import World


@pytest.fixture
def filled(world: World) -> World:
    world.encrypt(FILE, TEXT)
    return world
