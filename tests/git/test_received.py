"""Whose variables of a received push count: all of them name the repository that is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.git.received import received_push

ALTERNATES = "GIT_ALTERNATE_OBJECT_DIRECTORIES"


@pytest.fixture
def git_dir(tmp_path: Path) -> Path:
    place = tmp_path / "server.git"
    (place / "objects/tmp_objdir-incoming-1").mkdir(parents=True)
    return place


def variables(git_dir: Path) -> dict[str, str]:
    """As git sets them for its hook."""
    quarantine = str(git_dir / "objects/tmp_objdir-incoming-1")
    return {
        "GIT_DIR": ".",
        "GIT_QUARANTINE_PATH": quarantine,
        "GIT_OBJECT_DIRECTORY": quarantine,
        ALTERNATES: f"/elsewhere:{git_dir / 'objects'}",
        "OTHER": "x",
    }


@pytest.mark.parametrize("said", [".", "absolute"])
def test_a_push_that_the_repository_receives_is_read(git_dir: Path, said: str) -> None:
    given = variables(git_dir) | {"GIT_DIR": str(git_dir) if said == "absolute" else said}
    assert received_push(given, git_dir) == {
        "GIT_DIR": str(git_dir),
        **{name: given[name] for name in ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", ALTERNATES)},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_QUARANTINE_PATH", ""),
        ("GIT_OBJECT_DIRECTORY", "{git_dir}/objects"),
        ("GIT_DIR", "{git_dir}/.."),
        (ALTERNATES, "/elsewhere"),
        (ALTERNATES, ""),
    ],
)
def test_variables_that_do_not_agree_are_of_another_repository(
    git_dir: Path, name: str, value: str
) -> None:
    given = variables(git_dir) | {name: value.replace("{git_dir}", str(git_dir))}
    assert received_push(given, git_dir) == {}
    del given[name]
    assert received_push(given, git_dir) == {} or name == "GIT_DIR"


@pytest.mark.parametrize("place", ["objects/gone", "objects/pack/deeper", "elsewhere"])
def test_a_quarantine_is_a_folder_in_the_objects(git_dir: Path, place: str) -> None:
    if place != "objects/gone":
        (git_dir / place).mkdir(parents=True)
    quarantine = str(git_dir / place)
    given = variables(git_dir) | {
        "GIT_QUARANTINE_PATH": quarantine,
        "GIT_OBJECT_DIRECTORY": quarantine,
    }
    given[ALTERNATES] += f":{Path(quarantine).parent}"
    assert received_push(given, git_dir) == {}


def test_another_folder_is_not_the_one_that_receives(git_dir: Path, tmp_path: Path) -> None:
    assert received_push(variables(git_dir), tmp_path) == {}
