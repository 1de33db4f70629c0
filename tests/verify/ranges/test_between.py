"""A value that another file has encrypted, in the middle of a file."""

from __future__ import annotations

import pytest

from tests.verify.inprocess import of_check, write
from tests.verify.ranges.inprocess import errors, verify_commits
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
OTHER = "infra/secrets/prod/other.yaml"
MORE = "infra/secrets/prod/more.yaml"


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, "user: admin\npassword: pa55\n")
    world.encrypt(OTHER, "user: root\npassword: s3cr3t\nport: 1\n")
    world.commit()
    world.git("tag", "base")
    return world


def text_of(world: World, file: str) -> str:
    return (world.repo / file).read_text()


def line_of(world: World, file: str, key: str) -> str:
    return next(one for one in text_of(world, file).splitlines() if one.startswith(f"{key}:"))


def put(world: World, file: str, key: str, line: str) -> None:
    write(world, file, text_of(world, file).replace(line_of(world, file, key), line))


def moved(world: World) -> list[tuple[str | None, str | None, str]]:
    found = of_check(verify_commits(world, "base.."), "moved-value")
    return [(one.file, one.path, str(one.severity)) for one in found]


@pytest.mark.parametrize("key", ["password", "pass"])
def test_a_value_of_another_file(small: World, key: str) -> None:
    line = line_of(small, APP, "password").replace("password:", f"{key}:")
    put(small, OTHER, "password", line)
    small.commit()
    assert moved(small) == [(OTHER, key, "error")]
    (small.repo / APP).unlink()
    small.commit()
    assert moved(small) == [(OTHER, key, "error")]


def test_two_files_that_swap_a_value(small: World) -> None:
    one, other = line_of(small, APP, "user"), line_of(small, OTHER, "user")
    put(small, APP, "user", other)
    put(small, OTHER, "user", one)
    small.commit()
    assert moved(small) == [(APP, "user", "error"), (OTHER, "user", "error")]


def test_a_file_with_one_value_keeps_its_key_too(small: World) -> None:
    small.encrypt(MORE, "password: one\n")
    small.commit()
    small.git("tag", "-f", "base")
    for file in (MORE, OTHER):
        put(small, file, "password", line_of(small, APP, "password"))
    small.commit()
    assert moved(small) == [(MORE, "password", "error"), (OTHER, "password", "error")]


def test_a_file_that_was_renamed_and_got_a_value_of_another(small: World) -> None:
    text = text_of(small, OTHER).replace(line_of(small, OTHER, "user"), line_of(small, APP, "user"))
    (small.repo / OTHER).unlink()
    write(small, MORE, text)
    small.commit()
    assert moved(small) == [(MORE, "user", "error")]


def test_between_files_with_one_data_key_it_is_a_warning(small: World) -> None:
    write(small, MORE, text_of(small, OTHER))
    small.sops("set", MORE, '["password"]', '"new"')
    small.commit()
    small.git("tag", "-f", "base")
    put(small, OTHER, "password", line_of(small, MORE, "password"))
    small.commit()
    assert moved(small) == [(OTHER, "password", "warning")]


def test_a_copy_is_none(small: World) -> None:
    """In place of a file, as a new one that is changed then, or under a new name."""
    write(small, OTHER, text_of(small, APP))
    write(small, MORE, text_of(small, APP))
    small.sops("set", MORE, '["password"]', '"new"')
    small.commit()
    assert moved(small) == []
    assert errors(verify_commits(small, "base..")) == []
