"""HOME and the XDG folders may be anything: the work goes on, or a sentence says why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.world import World

FILE = "infra/secrets/dev/a.yaml"
ODD_HOMES = ["", "relative", "/proc/self/nothing", "/dev/null", "a\n"]


@pytest.fixture
def place(world: World) -> World:
    world.encrypt(FILE, "a: old\n")
    (world.repo / "plana-secrets.toml").write_text('[mirror]\nbackend = "local"\n')
    world.commit("base")
    return world


@pytest.mark.parametrize("home", ODD_HOMES)
def test_editing_needs_no_home(place: World, home: str) -> None:
    env = {"HOME": home}
    done = place.run("set", FILE, "a", "--stdin", stdin=b"new", env=env)
    assert done.status == 0, done.stderr
    assert place.run("get", FILE, "a", env=env).stdout == "new"
    assert not (place.repo / "relative").exists()


@pytest.mark.parametrize("home", ["/proc/nothing", "/dev/null"])
def test_a_mirror_that_has_no_place_says_so(place: World, home: str) -> None:
    done = place.run("mirror", "sync", env={"HOME": home, "XDG_STATE_HOME": ""})
    assert done.status in {2, 3}
    assert "bug" not in done.stderr
    assert "hint" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another user")
def test_nothing_is_kept_in_a_home_of_another_user(place: World, tmp_path: Path) -> None:
    home = tmp_path / "theirs"
    home.mkdir()
    os.chown(home, 12345, 12345)
    done = place.run("mirror", "sync", env={"HOME": str(home)})
    assert done.status == 2
    assert str(home) in done.stderr
    assert "XDG_STATE_HOME" in done.stderr
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", ["SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"])
def test_a_key_file_of_an_unknown_home_is_one_that_cannot_be_used(place: World, name: str) -> None:
    done = place.run("get", FILE, "a", env={name: "~nobody-here/key"})
    assert done.status in {0, 4}
    assert "bug" not in done.stderr
