"""The only door to other programs.

A child gets the environment that it is handed and nothing more, pipes for all three
streams, a deadline, and an argument list without a shell. What it writes to stderr is
returned to the door that called it and never shown: the texts of sops and of others
hold plaintext (sops: "Input string ... does not match").
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from plana_secrets.errors import FailedError

DEFAULT_DEADLINE = 120.0
"""Seconds after which a child is killed."""

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
        raise DeadlineError(f"{name} did not finish within {deadline:g} s", program=name) from None
    except OSError as error:
        raise ProgramError(f"cannot start {name}: {error.strerror}", program=name) from None
    return Completed(result.returncode, result.stdout, result.stderr)


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
        raise ProgramError(f"cannot start {name}: {error.strerror}", program=name) from None


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
        raise ProgramError(
            f"cannot start {argv[0]}: {error.strerror}",
            program=argv[0],
            errno=error.errno,
        ) from None


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
    "program-deadline": "try again; the program may be waiting for a prompt that is not shown",
    "program-missing": "`plana-secrets doctor` shows which programs are missing",
}
