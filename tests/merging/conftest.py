"""A workspace, and versions of one file that sops wrote under one data key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from tests.merging.teams import FILE, TEXT
from tests.secretfiles.conftest import make_workspace
from tests.world import World

Rewrite = Callable[[bytes, str], bytes]


@pytest.fixture
def team(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    world.encrypt(FILE, TEXT)
    world.commit("start")
    return world


@pytest.fixture
def workspace(team: World) -> Workspace:
    return make_workspace(team)


@pytest.fixture
def rewrite(workspace: Workspace) -> Rewrite:
    """The file with another text, as a person's `edit` leaves it."""

    def write(data: bytes, text: str) -> bytes:
        plain = Secret.from_text(text)
        return workspace.sops.rewrite(data, plain, identities=workspace.identities)

    return write
