"""A run under strace: which programs it started, which files it changed, whom it reached."""

from __future__ import annotations

import functools
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.world import World, sops_program

CALLS = (
    "execve,execveat,connect,sendto,open,openat,openat2,creat,truncate,rename,renameat,renameat2,"
    "unlink,unlinkat,rmdir,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,link,linkat"
)
EDITOR = shutil.which("sed") or "/usr/bin/sed"
"""What the tests name as their editor."""
DEADLINE = 300.0
"""Seconds of the clock on the wall, after which a run is taken to hang."""

_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>)?(?: .*)?$", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)$", re.DOTALL)
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>, )?"((?:[^"\\]|\\.)*)"')
_OPENS = {"open", "openat", "openat2", "creat"}
_CHANGING_FLAGS = re.compile(r"O_(?:WRONLY|RDWR|CREAT|TRUNC)")
_ONLY_LAST_PATH = {"symlink", "symlinkat", "link", "linkat"}


@dataclass(frozen=True)
class Watched:
    """How a run ended and what it did beside the work of the program itself.

    ``seconds``: of processor time. ``started``: programs that are neither Python, git, sops
    nor the editor. ``changed``: real paths outside memory and the home. ``reached``:
    addresses of a network.
    """

    status: int
    text: str
    seconds: float
    started: list[str] = field(default_factory=list)
    changed: list[Path] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)


def watch(
    world: World,
    argv: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    stdin: str = "",
) -> Watched:
    """Run ``argv`` in ``folder`` to its end."""
    trace = Path(tempfile.mkdtemp(dir=world.memory)) / "trace"
    strace = ["strace", "-f", "-qq", "-y", "-s", "5000", "--seccomp-bpf", "-o", str(trace)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*strace, "-e", f"trace={CALLS}", "-e", "signal=none", *argv],
        cwd=folder,
        env=dict(environment),
        input=stdin.encode(),
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen = Watched(
        done.returncode,
        (done.stdout + done.stderr).decode("utf-8", "surrogateescape"),
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )
    own = (world.memory, world.home)
    for call, arguments, result, opened in calls_of(trace.read_text("latin-1")):
        _judge(seen, folder, own, call, arguments, result, opened)
    shutil.rmtree(trace.parent)
    return seen


def calls_of(text: str) -> Iterator[tuple[str, str, int, str]]:
    """Name, arguments, result and opened path of every call, interrupted ones put together."""
    begun: dict[str, str] = {}
    for line in text.splitlines():
        process, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith(_UNFINISHED):
            begun[process] = rest.removesuffix(_UNFINISHED)
            continue
        resumed = _RESUMED.match(rest)
        if resumed:
            rest = begun.pop(process, "") + resumed[1]
        call = _CALL.match(rest)
        if call:
            result = -1 if call[3] == "?" else int(call[3])
            yield call[1], call[2], result, call[4] or ""
    for rest in begun.values():  # a process that was killed in the middle
        yield rest.partition("(")[0], rest.partition("(")[2], 0, ""


def _judge(
    seen: Watched,
    folder: Path,
    own: Sequence[Path],
    call: str,
    arguments: str,
    result: int,
    opened: str,
) -> None:
    if call.startswith("exec"):
        name = _unescape(_PATH.search(arguments)[2])  # type: ignore[index]
        # what is not absolute was looked for in the checkout, found or not
        if not name.startswith("/") or (result == 0 and not _is_ours(os.path.realpath(name))):
            seen.started.append(name)
    elif call in {"connect", "sendto"}:
        if "AF_INET" in arguments:
            seen.reached.append(arguments)
    elif result >= 0:
        for path in _changed_by(call, arguments, opened, folder):
            if not _is_own(path, own):
                seen.changed.append(path)


def _changed_by(call: str, arguments: str, opened: str, folder: Path) -> Iterator[Path]:
    if call in _OPENS:
        if _CHANGING_FLAGS.search(arguments) or call == "creat":
            yield Path(_unescape(opened).removesuffix(" (deleted)"))
        return
    found = [(_unescape(one[1] or ""), _unescape(one[2])) for one in _PATH.finditer(arguments)]
    for place, name in found[-1:] if call in _ONLY_LAST_PATH else found:
        path = Path(place or folder, name)
        yield Path(os.path.realpath(path.parent), path.name)


def _is_own(path: Path, own: Sequence[Path]) -> bool:
    return (
        any(path.is_relative_to(place) for place in own)
        or str(path).startswith(("/dev/null", "/dev/tty", "/memfd:", "/proc/self/", "pipe:"))
        or ("__pycache__" in path.parts and any(map(path.is_relative_to, _INSTALLED)))
    )


_INSTALLED = (Path(__file__).parents[2] / "plana_secrets", sys.prefix, sys.base_prefix)


@functools.cache
def _is_ours(program: str) -> bool:
    helpers = subprocess.run(["git", "--exec-path"], capture_output=True, check=True).stdout
    return program in {
        os.path.realpath(one)
        for one in (sys.executable, shutil.which("git") or "", sops_program(), EDITOR, "/bin/true")
    } or Path(program).is_relative_to(os.path.realpath(helpers.decode().strip()))


def _unescape(text: str) -> str:
    """What strace printed as a C string."""
    raw = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return os.fsdecode(raw)
