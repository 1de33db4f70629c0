"""Runs that write at the same time: they wait for each other, and no update is lost."""

from __future__ import annotations

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyrage
import pytest

from plana_secrets.locks import locked
from tests.world import World

EVE = str(pyrage.x25519.Identity.generate().to_public())
FILE = "infra/secrets/dev/a.yaml"


@pytest.fixture
def written(world: World) -> World:
    world.encrypt(FILE, "first: x\n")
    world.commit()
    return world


def lock_of(world: World) -> Path:
    folder = world.repo / ".git/plana-secrets"
    folder.mkdir(exist_ok=True)
    return folder / "lock"


@pytest.mark.long
def test_twelve_writers_at_once_all_succeed(written: World) -> None:
    names = [f"key{number}" for number in range(12)]

    def write(name: str) -> int:
        # more than the default of 10 s: this machine may have other work
        return written.run("set", FILE, name, "--stdin", "--wait", "90", stdin=name.encode()).status

    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(write, names)) == [0] * len(names)
    expected = {"first": "x"} | {name: name for name in names}
    shown = json.loads(written.run("show", FILE, "--json", "--reveal").stdout)
    assert shown["data"] == expected


def test_without_patience_the_holder_is_named(written: World) -> None:
    with locked(lock_of(written), command="rotate --due"):
        done = written.run("set", FILE, "a", "--stdin", "--wait", "0", "--json", stdin=b"x")
    error = json.loads(done.stdout)
    assert (done.status, error["kind"], error["retry"]) == (6, "locked", True)
    assert f"rotate --due, process {os.getpid()}, since 20" in error["message"]
    assert "--wait SECONDS" in error["hint"]


@pytest.mark.long
def test_what_is_waited_for_is_said_unless_quiet(written: World) -> None:
    begun = time.monotonic()
    with locked(lock_of(written), command="edit"), ThreadPoolExecutor(2) as pool:
        argv = ("unset", FILE, "first", "--wait", "2")
        done, quiet = pool.map(lambda more: written.run(*argv, *more), ((), ("--quiet",)))
    assert time.monotonic() - begun >= 2
    assert (done.status, quiet.status) == (6, 6)
    assert done.stderr.count("waiting for another run: edit, process ") == 1
    assert "waiting" not in quiet.stderr


WRITING = [
    ["set", FILE, "first", "--stdin"],
    ["unset", FILE, "first"],
    ["new", "infra/secrets/dev/b.yaml"],
    ["encrypt", "infra/secrets/dev/plain.yaml"],
    ["recover"],
    ["recipients", "apply"],
    ["recipients", "add", "eve", EVE, "--rule", "all"],
    ["recipients", "remove", "eve"],
    ["recover", "--discard"],
    ["mirror", "sync"],
    ["init", "--yes"],
    ["import", "values.env", FILE],
    ["rotate", "init", "a", "--fresh"],
    ["rotate", "run", "a"],
    ["rotate", "run", "--due"],
    ["rotate", "confirm", "a"],
    ["rotate", "redate", "a", "--clock-is-right"],
]


@pytest.mark.parametrize("argv", WRITING, ids=lambda argv: " ".join(argv[:2]))
def test_every_command_that_writes_can_wait(written: World, argv: list[str]) -> None:
    (written.repo / "infra/secrets/dev/plain.yaml").write_text("a: b\n")
    (written.repo / "values.env").write_text("A=b\n")
    (written.repo / "plana-secrets.toml").write_text(
        '[mirror]\nbackend = "local"\n[mirror.local]\npath = "mirror.age"\n'
        '[keysets.a]\nkind = "jwt-hs256"\ntargets = ["infra/secrets/dev/a.yaml#keys"]\n'
    )
    mirror = lock_of(written).with_name("mirror.lock")
    with locked(lock_of(written), command="a"), locked(mirror, command="b"):
        done = written.run(*argv, "--wait", "0", stdin=b"x")
    assert (done.status, "another run holds the lock" in done.stderr) == (6, True), done


@pytest.mark.parametrize("wait", ["-1", "1.5", "nan", "inf", "soon", "99999999"])
def test_a_wait_is_a_number_of_seconds(written: World, wait: str) -> None:
    done = written.run("set", FILE, "a", "--stdin", "--wait", wait, stdin=b"x")
    assert done.status == 2
    assert re.search(r"--wait", done.stderr)
