"""The programs that are needed, and a place in memory for what must not reach a disk."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plana_secrets.cli.checkup.result import Result, from_error
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.sops.model import Severity

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context
    from plana_secrets.sops.program.binary import Sops


_GIT: Final = (2, 34)
"""The first with all options that are used: rev-parse --path-format, add --sparse."""


def check_machine(context: Context) -> Iterator[Result]:
    yield Result("python", f"Python {platform.python_version()} at {sys.executable}")
    yield _check_git()
    yield _check_sops(context)
    yield _check_memory()


def _check_git() -> Result:
    from plana_secrets.git.command import GitCommand

    try:
        version = GitCommand(Path("/")).line("--version")
    except PlanaSecretsError as error:
        return Result("git", error.message, Severity.ERROR, "install git")
    found = re.match(r"git version (\d+)\.(\d+)", version or "")
    if found and tuple(map(int, found.groups())) < _GIT:
        needed = ".".join(map(str, _GIT))
        return Result(
            "git", f"{version} is too old", Severity.ERROR, f"install git {needed} or newer"
        )
    return Result("git", version or "git of an unknown version")


def _check_sops(context: Context) -> Result:
    from plana_secrets.sops.program.locate import find_sops

    try:
        root = context.repository.root
    except PlanaSecretsError:
        root = None
    try:
        return judge_sops(find_sops(os.environ, repository=root))
    except PlanaSecretsError as error:
        return from_error("sops", error, Severity.ERROR)


def judge_sops(sops: Sops) -> Result:
    """Only we start the bundled sops, and in a way in which what it lacks does no harm."""
    from plana_secrets.sops.program.binary import RECOMMENDED

    version = ".".join(map(str, sops.version))
    name = f"{'the bundled ' if sops.is_bundled else ''}sops {version} at {sops.program}"
    if sops.is_recommended:
        return Result("sops", name)
    wanted = ".".join(map(str, RECOMMENDED))
    return Result(
        "sops",
        f"{name}: {'; '.join(sops.lacks)}",
        Severity.NOTE if sops.is_bundled else Severity.WARNING,
        f"install sops {wanted} or newer on your PATH, verified by its checksum;"
        " the newest one is used",
    )


def _check_memory() -> Result:
    from plana_secrets.memory import private_folder

    try:
        with private_folder() as folder:
            return Result("memory", f"private files are kept in {folder.parent}")
    except PlanaSecretsError as error:
        return from_error("memory", error, Severity.ERROR)
