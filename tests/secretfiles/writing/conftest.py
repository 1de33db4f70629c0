"""A remote that a change can be pushed to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def remote(files_world: World) -> Path:
    bare = files_world.folder / "remote.git"
    files_world.git("init", "-q", "--bare", "-b", "main", str(bare))
    files_world.git("remote", "add", "origin", str(bare))
    files_world.git("push", "-q", "-u", "origin", "main")
    return bare
