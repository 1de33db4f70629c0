"""Only folders in which nobody else can replace ours are used."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.age import keyring_store
from plana_secrets.errors import UsageError
from plana_secrets.places import (
    configuration_home,
    home_folder,
    is_in_volume,
    is_safe,
    runtime_folder,
    user_state_folder,
)

ODD = ["", "relative", "./here", "~", "../up"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another user")


@pytest.mark.parametrize("named", [None, *ODD])
def test_a_home_that_is_none_is_taken_from_the_account(named: str | None) -> None:
    environment = {} if named is None else {"HOME": named}
    assert home_folder(environment) == Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert home_folder({"HOME": "/home/a"}) == Path("/home/a")


def test_a_number_without_an_account_has_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242424)
    assert home_folder({}) is None
    assert configuration_home({}, None) is None
    with pytest.raises(UsageError) as caught:
        user_state_folder({}, None)
    assert caught.value.kind == "no-home"


@pytest.mark.parametrize("named", ODD)
def test_a_relative_folder_is_ignored(tmp_path: Path, named: str) -> None:
    assert configuration_home({"XDG_CONFIG_HOME": named}, tmp_path) == tmp_path / ".config"
    state = user_state_folder({"XDG_STATE_HOME": named}, tmp_path)
    assert state == tmp_path / ".local/state/plana-secrets"
    assert runtime_folder({"XDG_RUNTIME_DIR": named}) is None


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def open_to_group(folder: Path) -> None:
    os.chown(folder, -1, 54321)
    folder.chmod(0o770)


def given_away(folder: Path) -> None:
    os.chown(folder, 12345, 12345)


def as_file(folder: Path) -> None:
    folder.rmdir()
    folder.touch()


def as_dangling_link(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to("nowhere")


@as_root
@pytest.mark.parametrize("depth", ["base", "base/plana-secrets"])
@pytest.mark.parametrize(
    "harm", [open_to_all, open_to_group, given_away, as_file, as_dangling_link]
)
def test_a_folder_that_others_may_change_is_refused(
    tmp_path: Path, harm: Callable[[Path], None], depth: str
) -> None:
    folder = tmp_path / depth
    folder.mkdir(parents=True)
    harm(folder)
    assert not is_safe(folder)
    assert runtime_folder({"XDG_RUNTIME_DIR": str(folder)}) is None
    with pytest.raises(UsageError) as caught:
        user_state_folder({"XDG_STATE_HOME": str(tmp_path / "base")}, None)
    assert (caught.value.kind, caught.value.facts["folder"]) == ("unsafe-folder", str(folder))


@as_root
def test_a_folder_of_ours_that_the_group_may_write_to_counts_in_a_volume_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What kubelet makes of a claim with `fsGroup`, each time that it mounts it."""
    volume, state = tmp_path / "claim", tmp_path / "claim" / "plana-secrets"
    state.mkdir(parents=True)
    for folder in (volume, state):
        os.chown(folder, 0, 54321)
        folder.chmod(0o2775)
    for is_mounted in (False, True):
        monkeypatch.setattr(Path, "is_mount", lambda self, yes=is_mounted: yes and self == volume)
        assert is_in_volume(state) is is_in_volume(volume) is is_mounted
    assert user_state_folder({"XDG_STATE_HOME": str(volume)}, None) == state
    for mode in (0o2777, 0o3775):  # open to all, and a volume that is sticky is none
        (state if mode == 0o2777 else volume).chmod(mode)
        assert not is_in_volume(state)
        state.chmod(0o2775)


def test_one_that_is_sticky_or_for_the_own_group_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o1777)
    assert is_safe(tmp_path)
    tmp_path.chmod(0o770)
    gid = pwd.getpwuid(os.geteuid()).pw_gid
    os.chown(tmp_path, -1, gid)
    alone = grp.struct_group(("me", "x", gid, []))
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: alone)
    assert is_safe(tmp_path)
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: grp.struct_group(("me", "x", gid, ["eve"])))
    assert not is_safe(tmp_path)


def test_the_keyring_locks_where_all_state_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mirror's part of the same rule is tested beside it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with keyring_store._alone():
        assert (user_state_folder(os.environ, None) / "keyring.lock").exists()


def test_no_keyring_is_reached_through_the_folder_of_another(tmp_path: Path) -> None:
    (tmp_path / "bus").touch()
    assert keyring_store.may_exist({"XDG_RUNTIME_DIR": str(tmp_path)})
    tmp_path.chmod(0o777)
    assert not keyring_store.may_exist({"XDG_RUNTIME_DIR": str(tmp_path)})
