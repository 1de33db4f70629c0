"""Repositories whose hooks ``hook install`` wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands.hook.attempts import APP
from tests.world import World


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, "user: admin\n")
    world.commit()
    return world


@pytest.fixture
def hooked(small: World) -> World:
    done = small.run("hook", "install", "--pre-commit")
    assert (done.status, done.stderr) == (0, "")
    return small


@pytest.fixture
def remote(small: World, tmp_path: Path) -> Path:
    place = tmp_path / "remote.git"
    small.git("init", "-q", "--bare", "-b", "main", str(place))
    small.git("remote", "add", "origin", str(place))
    return place


@pytest.fixture
def pushing(small: World, remote: Path) -> World:
    small.git("push", "-q", "-u", "origin", "main")
    small.run("hook", "install", "--pre-push")
    return small


@pytest.fixture
def server(small: World, remote: Path) -> Path:
    done = small.run("hook", "install", "--repo", str(remote))
    assert (done.status, (remote / "hooks/pre-receive").exists()) == (0, True)
    small.git("push", "-q", "origin", "main")
    return remote
