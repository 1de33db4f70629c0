"""Whatever a checkout puts where we read, a run ends soon, in little memory, and names it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from plana_secrets.sops.rules.rulesfile import parse_rules
from tests.world import PROGRAM, World

SECONDS = 20.0
"""Of processor time; what is not bounded never gets away with that, and a busy machine does."""
MEGABYTES = 150
BUGS = ("mistake in plana-secrets", "bug in plana-secrets", "Traceback", "MemoryError")

SECRET = "infra/secrets/prod/a.yaml"
README = "infra/secrets/prod/README.md"


@dataclass(frozen=True)
class Ended:
    status: int
    text: str


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("hostile"))
    world.encrypt(SECRET, "a: b\n")
    (world.repo / README).write_text("readable\n")
    (world.repo / "dump.sql").write_text("x\n")
    (world.repo / "plana-secrets.toml").write_text("[files]\n")
    world.commit()
    return world


def run(world: World, *argv: str) -> Ended:
    """Run to the end, without an internal error."""
    done = world.run(*argv)
    text = done.stdout + done.stderr
    assert not any(bug in text for bug in BUGS), text
    return Ended(done.status, text)


_MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
text = (done.stdout + done.stderr).decode("utf-8", "replace")
print(json.dumps([done.returncode, text, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
"""Linux counts for a child what its parent held when it was started: hence a small parent."""


def run_measured(world: World, *argv: str) -> Ended:
    """``run`` as a process of its own, within the bounds."""
    measure = [sys.executable, "-I", "-S", "-c", _MEASURE, *PROGRAM, *argv]
    done = subprocess.run(
        measure, cwd=world.repo, env=world.environment, capture_output=True, check=True
    )
    status, text, seconds, kilobytes = json.loads(done.stdout)
    assert not any(bug in text for bug in BUGS), text
    assert seconds < SECONDS, (argv, seconds, text)
    assert kilobytes < MEGABYTES << 10, (argv, kilobytes, text)
    return Ended(status, text)


def sparse(path: Path) -> None:
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(20 << 30)


def fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def zero(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def listening(path: Path) -> None:
    path.unlink(missing_ok=True)
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(here)


ODD = [sparse, fifo, zero, loop, folder, listening]


@pytest.fixture
def world(tracked: World) -> World:
    yield tracked
    for file in (".gitattributes", ".sops.yaml", "plana-secrets.toml", SECRET, README):
        path = tracked.repo / file
        if not path.is_dir():  # git itself waits for a pipe
            path.unlink(missing_ok=True)
    tracked.git("clean", "-qffdx")
    tracked.git("reset", "-q", "--hard")


def put(make: Callable[[Path], None], world: World, file: str) -> None:
    path = world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        path.rmdir()
    make(path)


@pytest.mark.parametrize("file", [SECRET, README, "infra/secrets/prod/new.yaml"])
@pytest.mark.parametrize("make", ODD)
def test_a_file_under_the_roots(world: World, file: str, make: Callable[[Path], None]) -> None:
    """It is named by verify; of an untracked one that is no file, git says nothing."""
    put(make, world, file)
    done = run(world, "verify", "--strict")
    if file != "infra/secrets/prod/new.yaml" or make in {sparse, zero, loop}:
        assert (done.status, file in done.text) == (1, True), done.text
    for command in (["status"], ["diff"]):
        assert run(world, *command).status in {0, 3}


@pytest.mark.parametrize("command", ["verify", "status", "mirror status", "diff", "ls"])
def test_nothing_that_is_large_is_read(world: World, command: str) -> None:
    """20 GB in every place at once, tracked and not."""
    for file in (SECRET, README, "infra/secrets/prod/new.yaml", "dump.sql"):
        put(sparse, world, file)
    (world.repo / "plana-secrets.toml").write_text("[mirror]\nbackend = 'local'\n")
    done = run_measured(world, *command.split())
    if command == "verify":
        wanted = [(SECRET, "1 MiB"), (README, "5 MiB"), ("dump.sql", "64 MiB")]
        assert all(file in done.text and size in done.text for file, size in wanted), done.text


@pytest.mark.parametrize("file", [".sops.yaml", "plana-secrets.toml", ".gitattributes"])
@pytest.mark.parametrize("make", ODD)
def test_a_file_that_rules(world: World, file: str, make: Callable[[Path], None]) -> None:
    put(make, world, file)
    done = run(world, "verify", "--strict")
    if file == "plana-secrets.toml":
        assert done.status == 2
    if file != ".gitattributes" or make in {fifo, listening}:
        assert done.status != 0
        assert file in done.text
    run(world, "set", SECRET, "a", "--generate", "hex:32")


@pytest.mark.parametrize(
    "file", [".gitignore", "infra/secrets/.gitignore", "infra/secrets/x/.gitignore"]
)
@pytest.mark.parametrize("command", ["verify", "status", "diff", "doctor"])
def test_git_waits_for_no_pipe_of_the_checkout(world: World, file: str, command: str) -> None:
    put(fifo, world, file)
    try:
        done = run(world, command)
    finally:
        (world.repo / file).unlink()  # git itself waits for it
    assert file in done.text or command == "diff"


@pytest.mark.long
def test_a_blob_of_a_pack(world: World) -> None:
    """The size is asked before the content is read."""
    large = world.repo / SECRET
    with large.open("r+b") as file:
        file.truncate(130 << 20)
    world.git("-c", "core.compression=1", "commit", "-qam", "large")
    try:
        world.git("checkout", "-q", "HEAD^", "--", SECRET)
        assert "larger than 1 MiB" in run_measured(world, "diff", "HEAD").text
        (world.repo / "plana-secrets.toml").write_text("[mirror]\nbackend = 'local'\n")
        assert "larger than 1 MiB" in run_measured(world, "mirror", "diff").text
        run_measured(world, "verify")
    finally:
        world.git("reset", "-q", "--hard", "HEAD^")


@pytest.mark.parametrize("name", ["n" * 300 + ".yaml", "/".join(["d" * 200] * 30) + "/a.yaml"])
def test_a_name_that_is_too_long(world: World, name: str) -> None:
    inside = f"infra/secrets/{name}"
    for argv in (
        ["verify", inside],
        ["show", inside],
        ["set", inside, "a", "--generate", "hex:32"],
        ["new", inside],
        ["encrypt", inside],
        ["edit", inside],
        ["diff", "HEAD", inside],
        ["identity", "new", "--out", str(world.folder / name)],
        ["mirror", "restore", "--to", name],
    ):
        assert run(world, *argv).status in {1, 2, 3, 4}, argv
    run(world, "verify", "--identity-file", str(world.folder / name))
    run(world, "--repo", name, "status")


RULES = {
    "aliases of aliases": "x0: &x0 [A,A,A,A,A,A,A,A,A,A]\n"
    + "".join(f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 9))
    + "creation_rules:\n  - age: *x8\n",
    "aliases of a long text": f"x: &x '{'A,' * 300_000}'\ncreation_rules:\n  - age: ["
    + "*x," * 2000
    + "]\n",
    "merges": "x0: &x0 {age: A}\n"
    + "".join(f"x{n}: &x{n} {{<<: [{','.join([f'*x{n - 1}'] * 10)}]}}\n" for n in range(1, 9))
    + "creation_rules:\n  - *x8\n",
    "brackets": "creation_rules: " + "[" * 20_000,
    "braces": "{a: " * 20_000,
    "many rules": "creation_rules:\n" + "  - {path_regex: ^a, age: A}\n" * 30_000,
    "large patterns": "creation_rules:\n"
    + "".join(f"  - {{path_regex: 'x{n}[ab]{{900}}', age: A}}\n" for n in range(900)),
    "a long text": f"creation_rules:\n  - path_regex: '{'a' * 900_000}'\n",
    "many recipients": "creation_rules:\n  - age: '" + "A," * 400_000 + "'\n",
    "unknown keys": "creation_rules:\n" + "".join(f"  - {{path_rege{n}: A}}\n" for n in range(900)),
    "long keys": f"? {'creation_rule' * 60_000}\n: x\ncreation_rules: []\n",
    "duplicate keys": "creation_rules: []\n" * 50_000,
    "binary": "\0\1\2" * 100_000,
}


@pytest.mark.parametrize("content", RULES.values(), ids=RULES)
def test_rules_that_are_small_and_hostile(content: str) -> None:
    start = time.process_time()
    rules = parse_rules(content.encode())
    for number in range(20):
        rules.rule_for(f"infra/secrets/{'ab' * 100}{number}.yaml")
    assert time.process_time() - start < SECONDS
    assert rules.defects
    assert len(rules.defects) < 5000


def test_rules_with_a_bomb_stop_a_run_and_are_named(world: World) -> None:
    (world.repo / ".sops.yaml").write_text(RULES["aliases of aliases"])
    for command in (["verify"], ["set", SECRET, "a", "--generate", "hex:32"]):
        done = run_measured(world, *command)
        assert done.status != 0
        assert ".sops.yaml" in done.text
