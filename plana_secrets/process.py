"""The only door to other programs.

A child gets the environment that it is handed and nothing more, pipes for all three
streams, a deadline, and an argument list without a shell. What it writes to stderr is
returned to the door that called it and never shown: the texts of sops and of others
hold plaintext (sops: "Input string ... does not match").
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from plana_secrets import limits
from plana_secrets.errors import FailedError

DEFAULT_DEADLINE = 120.0
"""Seconds after which a child is killed."""

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""What the system says when a limit is reached, and nothing is wrong with what was asked."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "USER", "LOGNAME")


class ProgramError(FailedError):
    """A program cannot be started, or did not end within its deadline."""

    default_kind = "program-missing"


class DeadlineError(ProgramError):
    """A program did not end in time, and was stopped."""

    default_kind = "program-deadline"


@dataclass(frozen=True, slots=True)
class Completed:
    """How a child ended. ``status`` is negative for a signal, as in subprocess."""

    status: int
    stdout: bytes
    stderr: bytes

    def __repr__(self) -> str:
        return f"Completed(status={self.status})"


def minimal_environment(**extra: str) -> dict[str, str]:
    """What any program needs and no secret is in: PATH, HOME, the locale, the terminal."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment.update(extra)
    return environment


def _trusted(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the places in PATH that depend on the working directory.

    An empty place means that folder too: a checkout could bring a git of its own.
    """
    kept = dict(environment)
    places = [one for one in kept.pop("PATH", "").split(os.pathsep) if Path(one).is_absolute()]
    return kept | ({"PATH": os.pathsep.join(places)} if places else {})


def run_program(
    argv: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    folder: Path | None = None,
    deadline: float = DEFAULT_DEADLINE,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run a program to its end and return its status and output.

    Raises:
        ProgramError: it cannot be started, or ran past the deadline (then it is a
            ``DeadlineError``). A status other than 0 is not an error
            here: the caller knows what it means.
    """
    name = Path(argv[0]).name
    try:
        result = subprocess.run(
            [os.fspath(part) for part in argv],
            input=stdin,
            capture_output=True,
            env=_trusted(environment),
            cwd=folder,
            timeout=deadline,
            pass_fds=tuple(pass_fds),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _late(name, deadline) from None
    except OSError as error:
        raise _not_started(name, error) from None
    return Completed(result.returncode, result.stdout, result.stderr)


def _not_started(name: str, error: OSError) -> ProgramError:
    kind = "exhausted" if error.errno in _EXHAUSTED else None
    if error.errno == errno.E2BIG:
        kind = "too-long-for-a-program"
    message = f"cannot start {name}: {error.strerror}"
    return ProgramError(message, kind=kind, program=name, errno=error.errno)


def read_from_program(
    argv: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    limit: int,
    deadline: float = DEFAULT_DEADLINE,
) -> Completed:
    """Run a program that gets no input; what it writes to stderr goes nowhere.

    Raises:
        ProgramError: as in ``run_program``; or it wrote more than ``limit`` bytes, and was
            stopped (kind ``program-output``).
    """
    name, until, written = Path(argv[0]).name, time.monotonic() + deadline, bytearray()
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_trusted(environment),
        )
    except OSError as error:
        raise _not_started(name, error) from None
    assert child.stdout is not None  # noqa: S101
    with child.stdout as output:
        try:
            while chunk := _read_chunk(output.fileno(), until, name):
                written += chunk
                if len(written) > limit:
                    message = f"{name} wrote more than {limits.in_words(limit)}"
                    raise ProgramError(message, kind="program-output", program=name)
            status = child.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise _late(name, deadline) from None
        finally:
            child.kill()
            child.wait()
    return Completed(status, bytes(written), b"")


def _read_chunk(descriptor: int, until: float, name: str) -> bytes:
    if not select.select([descriptor], [], [], max(0, until - time.monotonic()))[0]:
        raise subprocess.TimeoutExpired(name, 0)
    return os.read(descriptor, 1 << 20)


def _late(name: str, deadline: float) -> DeadlineError:
    return DeadlineError(f"{name} did not finish within {deadline:g} s", program=name)


def run_on_terminal(
    argv: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> int:
    """Run a program that a person uses (an editor) on our terminal; its status.

    What it draws is not our data: where stdout is a pipe, it draws on stderr.
    """
    name = Path(argv[0]).name
    try:
        return subprocess.run(
            [os.fspath(part) for part in argv],
            env=_trusted(environment),
            cwd=folder,
            stdout=None if sys.stdout.isatty() else sys.stderr,
            pass_fds=tuple(pass_fds),
            check=False,
        ).returncode
    except OSError as error:
        raise _not_started(name, error) from None


def programs_in(folder: Path) -> list[int]:
    """The ids of our user's other processes that work in ``folder``; none where Linux is not."""
    here, found = folder.resolve(), []
    with contextlib.suppress(OSError):
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and int(process.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if (process / "cwd").readlink() == here:
                        found.append(int(process.name))
    return found


class Conversation:
    """A child that answers each line with a line, in a session of its own.

    What it writes to stderr goes nowhere. It is stopped when it is late, when waiting for it
    is interrupted, and at ``stop``.
    """

    def __init__(self, argv: Sequence[str | Path], *, environment: Mapping[str, str]) -> None:
        """
        Raises:
            ProgramError: it cannot be started.
        """
        self._name = Path(argv[0]).name
        try:
            self._child = subprocess.Popen(
                [os.fspath(part) for part in argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_trusted(environment),
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(self._name, error) from None

    def ask(self, line: bytes, *, deadline: float) -> bytes:
        """Send ``line``, which has no newline in it, and return the answer within ``deadline`` s.

        Raises:
            DeadlineError: there was none in time.
            ProgramError: the child ended (kind ``program-ended``).
        """
        assert self._child.stdin is not None  # noqa: S101
        try:
            self._child.stdin.write(line + b"\n")
            self._child.stdin.flush()
            return self._read_line(time.monotonic() + deadline)
        except BrokenPipeError:
            self.stop()
            raise self._ended() from None
        except BaseException:
            self.stop()
            raise

    def _read_line(self, until: float) -> bytes:
        assert self._child.stdout is not None  # noqa: S101
        chunks = []
        while True:
            if not select.select([self._child.stdout], [], [], max(0, until - time.monotonic()))[0]:
                raise DeadlineError(f"{self._name} did not answer in time", program=self._name)
            chunk = os.read(self._child.stdout.fileno(), 1 << 20)
            if not chunk:
                raise self._ended()
            chunks.append(chunk)
            if chunk.endswith(b"\n"):
                return b"".join(chunks)[:-1]

    def _ended(self) -> ProgramError:
        return ProgramError(f"{self._name} ended", kind="program-ended", program=self._name)

    def stop(self) -> None:
        """End the child; it is gone afterwards."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def become_program(argv: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by a program (execvpe); its status becomes ours.

    Python ignores two signals, and what is ignored stays so in the program: it gets them back.

    Raises:
        ProgramError: it cannot be started; ``facts['errno']`` says why.
    """
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(argv[0], list(argv), dict(environment))
    except OSError as error:
        raise _not_started(argv[0], error) from None


def become_child(action: Callable[[], object]) -> int:
    """Run ``action`` in a fork of this process; its status (negative for a signal).

    For what must happen to a whole process, like being killed; only from one thread.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


ADVICE: Final = {
    "exhausted": (
        "raise the limit (`ulimit -a` shows it) or end other programs; then `plana-secrets status`"
    ),
    "program-deadline": "try again; the program may be waiting for a prompt that is not shown",
    "program-ended": "try again",
    "program-missing": "install {program}; `plana-secrets doctor` checks what is needed",
    "too-long-for-a-program": (
        "pass fewer or smaller values: the system takes about 128 KiB each and 2 MiB together; "
        "`plana-secrets get` prints a larger one"
    ),
    "program-output": "see that it prints what it is asked for and nothing else",
}
