"""A repository with two keysets in its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands.rotate.shop import SETTINGS
from tests.rotation.fleet import MANIFEST, PORTAL, PROVIDER
from tests.world import World


@pytest.fixture
def shop(tmp_path: Path) -> World:
    world = World(tmp_path)
    for file in (PROVIDER, PORTAL):
        world.encrypt(file, MANIFEST.format(name=file.rpartition("/")[2].split(".")[0]))
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.commit("files")
    return world
