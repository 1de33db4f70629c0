"""A repository to look at, opened through the door under test."""

from __future__ import annotations

import pytest

from plana_secrets.git.repository import Repository
from tests.world import World


@pytest.fixture
def git_world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose environment is also ours, since git is started from this process."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def repository(git_world: World) -> Repository:
    return Repository.open(git_world.repo)
