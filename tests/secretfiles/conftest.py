"""A workspace over a real repository, with the real sops and one identity."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.age.sources import IdentitySources, find_identities
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.program.locate import find_sops
from tests.world import World, sops_program

PLAIN_FILE = "infra/secrets/dev/example.yaml"
PLAIN_TEXT = """\
# the database of the example
db:
    user: app
    password: old-password  # beside it
port: 5432
ratio: 0.5
debug: false
nothing: null
empty: ""
hosts:
    - one
    - two
"""
SECRET_FILE = "infra/secrets/dev/app.secret.yaml"
SECRET_TEXT = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
    labels:
        app: example
stringData:
    API_KEY: old-key
data:
    TOKEN: b2xkLXRva2Vu
"""


def make_workspace(world: World, place: Path | None = None, **settings: object) -> Workspace:
    """What the command line would make for this world, or for another clone of it."""
    environment = world.environment | {"PLANA_SECRETS_SOPS": str(sops_program())}
    return Workspace(
        repository=Repository.open(place or world.repo),
        settings=FilesSettings(),
        find_identities=lambda: find_identities(
            IdentitySources(world.key_file, environment, world.home)
        ),
        find_sops=lambda: find_sops(environment),
        **settings,  # type: ignore[arg-type]
    )


@pytest.fixture
def files_world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A plain map and a Secret manifest, encrypted by sops and committed."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    world.encrypt(PLAIN_FILE, PLAIN_TEXT)
    world.encrypt(SECRET_FILE, SECRET_TEXT)
    world.commit("files")
    return world


@pytest.fixture
def workspace(files_world: World) -> Workspace:
    return make_workspace(files_world)


@dataclasses.dataclass
class FakeSops:
    """The real sops with one of its answers falsified."""

    real: Sops
    falsify: Callable[[bytes], bytes]

    def rewrite(self, *args: object, **options: object) -> bytes:
        return self.falsify(self.real.rewrite(*args, **options))  # type: ignore[arg-type]

    def encrypt(self, *args: object, **options: object) -> bytes:
        return self.falsify(self.real.encrypt(*args, **options))  # type: ignore[arg-type]


@pytest.fixture
def snapshot(files_world: World) -> Callable[[], dict[str, bytes]]:
    """Every file of the work tree, to prove that nothing changed."""

    def take() -> dict[str, bytes]:
        return {
            str(path.relative_to(files_world.repo)): path.read_bytes()
            for path in sorted(files_world.repo.rglob("*"))
            if path.is_file() and ".git" not in Path(path).relative_to(files_world.repo).parts
        }

    return take
