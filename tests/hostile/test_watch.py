"""The bench sees what it is there to see."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.hostile.watch import Watched, calls_of, watch
from tests.world import World

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

BAD = """
import os, socket, subprocess, sys
outside = sys.argv[1]
subprocess.run(["/bin/echo"])
subprocess.run(["git", "--version"])
try:
    os.execvp("./no-such-program", ["x"])
except OSError:
    pass
open(outside + "/written", "w").close()
os.mkdir(outside + "/made\\n")
os.rename(outside + "/written", "moved")
os.symlink("/etc/passwd", outside + "/link")
os.mkdir("link/through")
os.unlink(outside + "/link")
open("/dev/null", "w").close()
open(os.environ["HOME"] + "/own", "w").close()
with socket.socket() as end:
    end.connect_ex(("127.0.0.1", 9))
"""


def test_everything_that_a_program_does(world: World) -> None:
    outside = world.folder / "outside"
    (outside / "far").mkdir(parents=True)
    (world.repo / "link").symlink_to(outside / "far")
    seen: Watched = watch(
        world,
        [sys.executable, "-I", "-c", BAD, str(outside)],
        folder=world.repo,
        environment=world.environment,
    )
    assert seen.status == 0, seen.text
    assert {Path(one).name for one in seen.started} == {"echo", "no-such-program"}
    assert set(seen.changed) == {
        outside / "written", outside / "made\n", outside / "link", outside / "far/through",
        world.repo / "moved",
    }  # fmt: skip
    assert len(seen.reached) == 1
    assert 0 < seen.seconds < 60


def test_calls_that_were_interrupted_are_put_together() -> None:
    trace = (
        '1  execve("/bin/a", ["a"], 0x1 /* 2 vars */ <unfinished ...>\n'
        '2  openat(AT_FDCWD</>, "x", O_RDONLY) = 3</x>\n'
        "1  <... execve resumed>) = 0\n"
        "2  connect(3<socket:[1]>, {sa_family=AF_INET <unfinished ...>\n"
    )
    assert [(call, result, opened) for call, _, result, opened in calls_of(trace)] == [
        ("openat", 3, "/x"),
        ("execve", 0, ""),
        ("connect", 0, ""),
    ]
