"""The fleet, a remote of it, and a keyset that began with the secret in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from tests.rotation.examples import COMMIT, JWT
from tests.rotation.fleet import ACCOUNT, MANIFEST, PORTAL, PROVIDER, Fleet
from tests.rotation.moves import OLD, make
from tests.world import World


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    world = World(tmp_path)
    for file in (PROVIDER, PORTAL, ACCOUNT):
        name = file.rpartition("/")[2].removesuffix(".secret.yaml")
        world.encrypt(file, MANIFEST.format(name=name))
    world.commit("files")
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return Fleet(world)


@pytest.fixture
def remote(fleet: Fleet) -> Path:
    """A bare repository that the fleet's repository was cloned from, as it were."""
    place = fleet.world.folder / "remote.git"
    fleet.world.git("clone", "-q", "--bare", ".", str(place))
    fleet.world.git("remote", "add", "origin", str(place))
    fleet.world.git("fetch", "-q", "origin")
    fleet.world.git("branch", "-q", "--set-upstream-to=origin/main")
    return place


@pytest.fixture
def adopted(fleet: Fleet) -> Fleet:
    """The JWT keyset, made of the secret that was in use, and published."""
    fleet.world.sops("set", ACCOUNT, '["stringData"]["JWT_SECRET"]', '"the secret of today"')
    fleet.world.commit("the secret of today")
    init_keyset(fleet.rotation(), JWT.name, Source(parse_reference(OLD)), delivery=COMMIT)
    make(fleet, JWT.name, Move.PUBLISH)
    return fleet
