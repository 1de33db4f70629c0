"""Installing, removing and looking at the hooks of a repository.

A hook of others is never written, moved or removed. What we wrote is read back, and the program
that it starts has to be there.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import plana_secrets
from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git.hooks import HookFolder, hook_folder, own_folder
from plana_secrets.git.repository import Repository
from plana_secrets.process import minimal_environment, run_program
from plana_secrets.scaffold.hooks.managers import OF_PRE_COMMIT, find_manager
from plana_secrets.scaffold.hooks.outcome import Outcome
from plana_secrets.scaffold.hooks.script import (
    FORMAT,
    Program,
    Written,
    calling_line,
    hook_script,
    read_script,
)
from plana_secrets.storage import make_folder, read_regular_file, remove_file, replace_file

WITH_WORK_TREE: Final = ("pre-commit", "pre-push")
NAMES: Final = (*WITH_WORK_TREE, "pre-receive")
_OURS: Final = "plana-secrets"
_SHARED_SCOPES: Final = frozenset({"global", "system"})
_MODE: Final = 0o755


def this_program() -> Program:
    """The program that runs now, once it has proved that a hook can start it.

    Raises:
        FailedError: a new process of it does not start (kind ``hook-program``).
    """
    program = Program(Path(sys.executable), Path(plana_secrets.__file__).with_name("__main__.py"))
    argv = [str(program.python), "-I", "-m", "plana_secrets", "--version"]
    done = run_program(argv, environment=minimal_environment())
    if done.status != 0 or not program.is_there():
        message = f"{program.python} does not start plana-secrets by itself"
        raise FailedError(message, kind="hook-program")
    return program


def install_hooks(repository: Repository, names: Sequence[str], program: Program) -> list[Outcome]:
    """Put each hook in place, or say what to add to that of others.

    Raises:
        UsageError: the settings of git name something else than a folder (kind
            ``no-hook-folder``).
        FailedError: a hook cannot be written, or is not what was written (kind ``read-back``).
    """
    folder = hook_folder(repository)
    if folder.path.exists() and not folder.path.is_dir():
        message = f"git runs no hook: core.hooksPath is {folder.path}, which is no folder"
        raise UsageError(message, kind="no-hook-folder", scope=folder.scope)
    if _is_of_the_team(repository, folder.path):
        program = Program()
    return [_install(repository, folder, name, program) for name in names]


def _install(repository: Repository, folder: HookFolder, name: str, program: Program) -> Outcome:
    place = folder.path / name
    present = _read(place)
    if present is None or not read_script(present):
        managed = find_manager(repository.root, folder.path, name, present or b"")
        if managed is not None:
            return _of_others(name, managed.file, managed.add)
        if folder.scope in _SHARED_SCOPES:
            return _of_others(name, place, calling_line(name, program))
        if present is not None:
            place = _beside(place, present)
            present = _read(place)
    if present is not None:
        written = read_script(present)
        if written is None:
            return _of_others(name, place, calling_line(name, program))
        if not written.is_intact:
            return Outcome(name, "changed-by-hand", place)
    return _write(name, place, present, hook_script(name, program))


def _beside(place: Path, present: bytes) -> Path:
    """Where our own hook goes if that of others runs others: all in a folder, as in Forgejo and
    Gitea, or what pre-commit found in its place and moved aside."""
    folder, aside = _places_beside(place)
    if folder.parent.name.encode() in present and folder.parent.is_dir():
        return folder
    return aside if OF_PRE_COMMIT in present else place


def _places_beside(place: Path) -> tuple[Path, Path]:
    return place.with_name(f"{place.name}.d") / _OURS, place.with_name(f"{place.name}.legacy")


def _of_others(name: str, file: Path, add: str) -> Outcome:
    """A file that is for several hooks has to say which of them calls us."""
    word = _OURS if name in {file.name, "pre-commit"} else f"{_OURS} hook run {name}"
    text = (_read(file) or b"").decode("utf-8", "replace").replace("plana_secrets", _OURS)
    lines = text.splitlines()
    calls = any(word in one and not one.lstrip().startswith(("#", "//")) for one in lines)
    return Outcome(name, "called", file) if calls else Outcome(name, "foreign", file, add)


def _write(name: str, place: Path, present: bytes | None, script: bytes) -> Outcome:
    if present == script and _is_executable(place):
        return Outcome(name, "unchanged", place)
    make_folder(place.parent)
    replace_file(place, script, mode=_MODE)
    if _read(place) != script or not _is_executable(place):
        raise FailedError(f"{place} is not what was written", kind="hook-not-kept", file=str(place))
    return Outcome(name, "installed" if present is None else "replaced", place)


def uninstall_hooks(repository: Repository, names: Sequence[str]) -> list[Outcome]:
    """Remove what we wrote, where git looks now and in its own folder; nothing else.

    Raises:
        FailedError: a hook cannot be removed.
    """
    return [_uninstall(repository, name) for name in names]


def _uninstall(repository: Repository, name: str) -> Outcome:
    places = [place for place, _ in _ours(repository, name)]
    if not places:
        return Outcome(name, "absent", hook_folder(repository).path / name)
    for place in places:
        written = read_script(_read(place) or b"")
        if written is None or not written.is_intact:
            return Outcome(name, "changed-by-hand", place)
        remove_file(place)
    return Outcome(name, "removed", places[0])


def _ours(repository: Repository, name: str) -> Iterator[tuple[Path, HookFolder]]:
    folders = {one.path: one for one in (own_folder(repository), hook_folder(repository))}
    for folder in folders.values():
        for place in (folder.path / name, *_places_beside(folder.path / name)):
            if read_script(_read(place) or b"") is not None:
                yield place, folder


@dataclass(frozen=True, slots=True)
class Installed:
    """A file that we wrote for ``hook``. ``runs``: whether git looks where it is."""

    hook: str
    place: Path
    written: Written
    runs: bool

    @property
    def fix(self) -> str:
        if self.runs and not self.written.is_intact:
            return f"remove {self.place}, and run `plana-secrets hook install --{self.hook}`"
        return f"plana-secrets hook install --{self.hook}"

    @property
    def problem(self) -> str | None:
        """What is wrong with it, in a few words."""
        if not self.runs:
            return "git does not run it: core.hooksPath names another folder"
        if not self.written.is_intact:
            return "it was changed by hand, so it is not kept up to date"
        if not self.written.program.is_there():
            return f"it cannot run: {self.written.program.python} or plana-secrets in it is gone"
        if self.written.format < FORMAT:
            return "an older version of plana-secrets wrote it"
        return None


def find_installed(repository: Repository) -> Iterator[Installed]:
    """Every hook that install wrote in a repository."""
    current = hook_folder(repository).path
    for name in NAMES:
        for place, folder in _ours(repository, name):
            written = read_script(_read(place) or b"")
            if written is not None:
                yield Installed(name, place, written, folder.path == current)


def _read(place: Path) -> bytes | None:
    """What is at a place; a link or a folder is of others, and says nothing."""
    if not os.path.lexists(place):
        return None
    try:
        return read_regular_file(place)
    except FailedError:
        return b""


def _is_executable(place: Path) -> bool:
    return bool(place.stat().st_mode & stat.S_IXUSR)


def _is_of_the_team(repository: Repository, folder: Path) -> bool:
    """Whether git tracks files in a folder: no path of this machine goes there."""
    root = Path(os.path.realpath(repository.root))
    place = Path(os.path.realpath(folder))
    if repository.is_bare or not place.is_relative_to(root):
        return False
    return bool(repository.tracked_files(under=[place.relative_to(root).as_posix()]))


def names_for(repository: Repository, chosen: Sequence[str]) -> tuple[str, ...]:
    """The hooks to install: the chosen ones, or all that make sense.

    Raises:
        UsageError: one of them never runs there (kind ``no-such-hook``).
    """
    usual = ("pre-receive",) if repository.is_bare else WITH_WORK_TREE
    for name in chosen:
        if repository.is_bare and name not in usual:
            message = f"{name} does not run in a repository without a work tree"
            raise UsageError(message, kind="no-such-hook")
    return tuple(chosen) or usual


ADVICE: Final = {
    "no-hook-folder": "`git config --{scope} --unset core.hooksPath`, then run it again",
    "hook-program": "install it with pipx or uv; a hook starts it without your environment",
    "no-such-hook": "`plana-secrets hook install` without options installs the usual ones",
}
