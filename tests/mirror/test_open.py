"""Which backend is opened, where its files lie, and what is never copied."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from plana_secrets.age.identities import Identities
from plana_secrets.errors import UsageError
from plana_secrets.git.repository import Repository
from plana_secrets.mirror.backends.local.settings import LocalSettings
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.open import never_mirrored, open_backend
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.mirror.surroundings import Surroundings
from tests.world import World

CREDENTIALS = "infra/secrets/jobs/vaultwarden.yaml"


def around(world: World, **environment: str) -> Surroundings:
    return Surroundings(Repository.open(world.repo), environment, world.home, Identities)


def test_no_mirror_is_an_error_that_says_so(world: World) -> None:
    with pytest.raises(UsageError) as error:
        open_backend(MirrorSettings(), around(world))
    assert error.value.kind == "no-mirror"


def test_state_lies_where_xdg_says(world: World) -> None:
    assert around(world).state_folder == world.home / ".local/state/plana-secrets"
    assert around(world, XDG_STATE_HOME="/s").state_folder == Path("/s/plana-secrets")
    assert around(world, XDG_STATE_HOME="relative").state_folder == around(world).state_folder


def test_two_repositories_of_one_name_have_two_mirrors(world: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    assert LocalSettings().path_in(around(world)) != LocalSettings().path_in(around(other))


def test_two_work_trees_of_a_repository_have_one_mirror(world: World) -> None:
    world.commit()
    world.git("worktree", "add", "-q", str(world.folder / "tree"))
    tree = Surroundings(Repository.open(world.folder / "tree"), {}, world.home, Identities)
    assert LocalSettings().path_in(tree) == LocalSettings().path_in(around(world))


def test_clones_of_a_repository_with_an_id_have_one_mirror(world: World) -> None:
    world.commit()
    world.git("clone", "-q", ".", str(world.folder / "clone"))
    clone = Surroundings(Repository.open(world.folder / "clone"), {}, world.home, Identities)
    here = around(world)
    assert LocalSettings().path_in(clone) != LocalSettings().path_in(here)
    here, clone = (replace(one, owner="r-1/../..") for one in (here, clone))
    assert LocalSettings().path_in(clone) == LocalSettings().path_in(here)
    assert LocalSettings().path_in(here).parents[1] == here.state_folder
    assert LocalSettings().path_in(here) != LocalSettings().path_in(replace(here, owner="2"))


def test_what_a_clone_kept_before_there_was_an_id_is_taken_over_once(world: World) -> None:
    old = around(world)
    place = LocalSettings().path_in(old)
    place.parent.mkdir(parents=True)
    place.write_text("kept")
    new = replace(old, owner="r-1")
    assert LocalSettings().path_in(new) == place  # looking moves nothing
    new.take_over()
    assert not place.exists()
    assert LocalSettings().path_in(new).read_text() == "kept"
    place.parent.mkdir()
    place.write_text("of another clone, or of an older version")
    new.take_over()
    assert LocalSettings().path_in(new).read_text() == "kept"


def test_credentials_and_the_mirror_itself_are_never_mirrored(world: World) -> None:
    server = VaultwardenSettings(
        url="https://v.example.com", organization="o", credentials=CREDENTIALS
    )
    settings = MirrorSettings(
        backend=("local",),
        backends={
            "local": LocalSettings(path="infra/secrets/mirror.json.age"),
            "vaultwarden": server,
        },
    )
    named = str(world.repo / "infra/secrets/named.yaml")
    surroundings = around(world, PLANA_SECRETS_VAULTWARDEN_CREDENTIALS=named)
    assert never_mirrored(settings, surroundings) == {
        CREDENTIALS,
        "infra/secrets/mirror.json.age",
        "infra/secrets/named.yaml",
    }
    elsewhere = around(world, PLANA_SECRETS_VAULTWARDEN_CREDENTIALS="/run/credentials.yaml")
    assert never_mirrored(MirrorSettings(), elsewhere) == frozenset()


def test_the_local_mirror_loads_nothing_of_a_server() -> None:
    code = (
        "import sys, plana_secrets.mirror.open, plana_secrets.mirror.state,"
        " plana_secrets.mirror.backends.local.backend;"
        "print(sorted({'urllib3', 'keyring', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_a_backend_that_does_not_know_its_members_says_so(world: World) -> None:
    with pytest.raises(UsageError, match="does not say who can write") as error:
        LocalSettings().audit(around(world), None)
    assert error.value.kind == "no-audit"
