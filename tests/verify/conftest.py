"""Repositories that are small enough to be verified in every test."""

from __future__ import annotations

import pytest

from tests.verify.inprocess import APP
from tests.verify.rotated import CALLER, CONFIGURATION, PROVIDER
from tests.world import World


@pytest.fixture
def small(world: World) -> World:
    """One secret file, committed."""
    world.encrypt(APP, "user: admin\npassword: pa55\n")
    world.commit()
    return world


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("keysets"))
    (world.repo / "plana-secrets.toml").write_text(CONFIGURATION)
    world.encrypt(PROVIDER, "other: x\n")
    world.encrypt(CALLER, "other: x\n")
    world.commit()
    done = world.run("rotate", "init", "app", "--fresh", "--commit")
    assert done.status == 0, done
    return world
