"""``set`` watched, killed, starved and crowded: it leaks nothing, loses nothing, tears nothing."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.secretfiles.conftest import PLAIN_FILE, PLAIN_TEXT
from tests.world import PROGRAM, World

pytestmark = pytest.mark.long

SENTINEL = "sentinel-5f1d7c2e-value"

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture
def files_world(world: World) -> World:
    world.encrypt(PLAIN_FILE, PLAIN_TEXT)
    world.commit("files")
    return world


def set_argv(path: str = "db.password") -> list[str]:
    return [*PROGRAM, "set", PLAIN_FILE, path, "--stdin"]


def forms(value: str) -> list[bytes]:
    """The value as it is, and as base64 at any offset would show it."""
    raw = value.encode()
    encoded = [base64.b64encode(b"x" * shift + raw).decode()[4:-4] for shift in range(3)]
    return [raw, *(part.encode() for part in encoded)]


@needs_strace
def test_the_value_is_in_no_argument_and_in_no_file_outside_memory(files_world: World) -> None:
    """Every process of a whole run is watched, sops and our editor in it included."""
    trace = files_world.folder / "trace"
    files_world.command(
        "strace", "-f", "-y", "-s", "1000000", "-o", str(trace),
        "-e", "trace=execve,write,pwrite64,writev,sendto,sendmsg,rename,renameat,renameat2,openat",
        *set_argv(), stdin=SENTINEL.encode(),
    )  # fmt: skip
    carriers = set()
    for line in trace.read_bytes().splitlines():
        if any(form in line for form in forms(SENTINEL)):
            assert b"execve(" not in line
            match = re.search(rb"(?:write|pwrite64|writev)\((\d+)<([^>]*)>", line)
            assert match, line[:100]
            carriers.add(match.group(2).decode())
    assert carriers, "the watch saw nothing, so it proves nothing"
    assert all(
        place.startswith(("/memfd:", f"{files_world.memory}/plana-secrets.", "pipe:"))
        for place in carriers
    )
    trace.unlink()
    for path in files_world.folder.rglob("*"):
        if path.is_file():
            assert not any(form in path.read_bytes() for form in forms(SENTINEL)), path
    assert files_world.run("get", PLAIN_FILE, "db.password").stdout == SENTINEL


@needs_strace
@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
@pytest.mark.long
def test_killed_at_any_such_call_the_file_is_old_or_new_and_the_next_run_works(
    files_world: World, call: str
) -> None:
    """Run again and again, killed one call later each time, until a run comes through."""
    last = "old-password"
    for number in range(1, 40):
        value = f"value-{number}"
        done = subprocess.run(
            ["strace", "-o", "/dev/null", "-e", f"trace={call}",
             "-e", f"inject={call}:signal=KILL:when={number}", *set_argv()],
            input=value.encode(), capture_output=True, cwd=files_world.repo,
            env=files_world.environment, check=False,
        )  # fmt: skip
        found = re.search("password: (.*)\n", files_world.decrypt(PLAIN_FILE))
        assert found, f"not readable after {call} {number}"
        assert found.group(1) in {last, value}
        last = found.group(1)
        if done.returncode == 0:
            break
        assert done.returncode in {-9, 137}, done.stderr
    assert done.returncode == 0
    assert last == value
    assert number > 3
    leftovers = [path for path in files_world.repo.rglob(".*.plana-*") if ".git" not in path.parts]
    assert leftovers == []


@needs_strace
@pytest.mark.parametrize(
    ("call", "error", "word"),
    [("write", "ENOSPC", "No space left"), ("fsync", "EIO", "Input/output"),
     ("rename", "EROFS", "Read-only")],
)  # fmt: skip
def test_a_disk_that_refuses_the_new_file_is_said_and_nothing_changed(
    files_world: World, call: str, error: str, word: str
) -> None:
    number = position_of(files_world, call)
    before = (files_world.repo / PLAIN_FILE).read_bytes()
    done = files_world.command(
        "strace", "-o", "/dev/null", "-e", f"trace={call}",
        "-e", f"inject={call}:error={error}:when={number}", *set_argv(),
        stdin=SENTINEL.encode(), check=False,
    )  # fmt: skip
    assert done.status == 3, done
    assert word in done.stderr
    assert SENTINEL not in done.stderr
    assert (files_world.repo / PLAIN_FILE).read_bytes() == before
    assert list((files_world.repo / PLAIN_FILE).parent.iterdir()) == [files_world.repo / PLAIN_FILE]


def position_of(world: World, call: str) -> int:
    """Which ``call`` of a run it is that touches the new file beside the target."""
    saved = (world.repo / PLAIN_FILE).read_bytes()
    trace = world.folder / "trace"
    world.command(
        "strace", "-y", "-o", str(trace), "-e", f"trace={call}", *set_argv(), stdin=b"probe"
    )
    (world.repo / PLAIN_FILE).write_bytes(saved)
    lines = [line for line in trace.read_text().splitlines() if line.startswith(f"{call}(")]
    place = f"{world.repo}/{Path(PLAIN_FILE).parent}/."
    return next(number for number, line in enumerate(lines, start=1) if place in line)


@pytest.mark.long
def test_many_at_once_whoever_ended_with_0_is_in_the_file(files_world: World) -> None:
    """The others ended with 6 and changed nothing."""
    runs = {}
    for number in range(8):
        path = f"parallel.p{number}"
        runs[path] = subprocess.Popen(
            set_argv(path), stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
            cwd=files_world.repo, env=files_world.environment,
        )  # fmt: skip
    for path, run in runs.items():
        assert run.stdin
        run.stdin.write(f"value of {path}".encode())
        run.stdin.close()
    statuses = {path: run.wait() for path, run in runs.items()}
    for run in runs.values():
        assert run.stderr
        run.stderr.close()
    assert set(statuses.values()) <= {0, 6}
    assert 0 in statuses.values()
    plain = files_world.decrypt(PLAIN_FILE)
    for path, status in statuses.items():
        assert (f"value of {path}" in plain) is (status == 0), path


def test_a_value_is_in_no_output_of_any_failure(files_world: World) -> None:
    """Each way to fail after the value was read, at the highest verbosity."""
    (files_world.repo / "infra/secrets/dev/plain.yaml").write_text("a: b\n")
    broken = {"PLANA_SECRETS_SOPS": "/bin/false"}
    attempts: list[tuple[list[str], dict[str, str], int]] = [
        ([PLAIN_FILE, "port", "--type", "int"], {}, 2),
        ([PLAIN_FILE, "db"], {}, 2),
        ([PLAIN_FILE, "a_unencrypted"], {}, 2),
        ([PLAIN_FILE, "db.password.deeper"], {}, 2),
        (["infra/secrets/dev/plain.yaml", "a"], {}, 3),
        ([PLAIN_FILE, "db.password"], files_world.nobody, 4),
        ([PLAIN_FILE, "db.password"], broken, 3),
    ]
    for number, (arguments, environment, status) in enumerate(attempts):
        form = ("-vv", "--json")[number % 2]
        done = files_world.run(
            "set", *arguments, "--stdin", form, stdin=SENTINEL.encode(), env=environment
        )
        assert done.status == status or environment is broken, (arguments, done)
        assert done.status != 0
        assert SENTINEL not in done.stdout + done.stderr
    places = [files_world.folder, files_world.memory]
    for place in places:
        for path in place.rglob("*"):
            if path.is_file() and os.access(path, os.R_OK):
                assert SENTINEL.encode() not in path.read_bytes(), path


@needs_strace
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("memfd_create:error=EACCES", 0),
        ("pwrite64:error=ENOSPC", 0),
        ("fsync:error=EINVAL", 0),
        ("flock:error=ENOLCK", 3),
        ("mkdir:error=ENOSPC:when=2+", 3),
        ("openat:error=EMFILE:when=300+", 3),
    ],
)
def test_a_machine_that_lacks_something_is_coped_with_or_named(
    files_world: World, fault: str, status: int
) -> None:
    call = fault.partition(":")[0]
    done = files_world.command(
        "strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={fault}",
        *set_argv(), stdin=b"new", check=False,
    )  # fmt: skip
    assert done.status == status, done.stderr
    assert "unexpected" not in done.stderr
    assert "Traceback" not in done.stderr
    value = files_world.run("get", PLAIN_FILE, "db.password").stdout
    assert value == ("new" if status == 0 else "old-password")
