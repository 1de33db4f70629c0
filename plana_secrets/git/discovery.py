"""Which repository a folder is in: only one that was found through its own ``.git``.

A commit can bring a folder with ``HEAD``, ``config``, ``objects`` and ``refs``, and git
takes that for a bare repository, with all that its ``config`` says. What no commit can
bring is a ``.git``: git refuses to track one. So a repository counts when the ``.git`` at
the top of its work tree leads to its git dir (a folder, or the file of a work tree or a
submodule), and that git dir is not itself a file of a commit. Anything else is passed
over, and the folders above it are asked.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError, PlanaSecretsError, UsageError
from plana_secrets.git.command import GitCommand, NoRepositoryError, unreadable
from plana_secrets.process import Completed

_NAME: Final = ".git"
_GITFILE: Final = b"gitdir:"
_DUBIOUS: Final = re.compile(rb"dubious ownership(?: in repository at '([^'\n]+)')?")
_NO_WORK_TREE: Final = (b"must be run in a work tree", b"cannot use bare repository")


@dataclass(frozen=True, slots=True)
class Found:
    """A repository as git describes it; all paths are absolute."""

    root: Path
    git_dir: Path
    common_dir: Path
    object_format: str


def find_repository(folder: Path) -> Found:
    """The repository that ``folder`` is in.

    Raises:
        UsageError: there is none (kind ``no-repository``), it has no work tree (kind
            ``bare-repository``), its git dir was not found through its own ``.git`` (kind
            ``embedded-repository``), its path has a line break (kind ``line-break``), or git does
            not trust its owner (kind ``unsafe-repository``).
        FailedError: git cannot read it (kind ``git-failed``).
    """
    place, refusal = folder, None
    while True:
        answer = _ask(place)
        if isinstance(answer, Found):
            problem = _why_not_own(answer)
            if problem is None:
                return answer
            answer = problem
        if refusal is not None and isinstance(answer, NoRepositoryError):
            raise refusal
        if answer.kind not in {"bare-repository", "embedded-repository"}:
            raise answer
        refusal = refusal or answer
        place = place.resolve()
        if place == place.parent:
            raise refusal
        place = place.parent


def find_git_dir(folder: Path) -> Found:
    """The repository whose git dir is ``folder``, as on a server: there may be no work tree.

    Raises:
        UsageError: it is no git dir (kind ``no-repository``), or is itself inside the files of
            another repository (kind ``embedded-repository``).
    """
    place = folder.resolve()
    done = GitCommand(place, git_dir=place).look(
        "rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir",
        "--show-object-format",
    )  # fmt: skip
    lines = os.fsdecode(done.stdout).split("\n")
    if done.status != 0 or len(lines) != 4:
        raise NoRepositoryError(f"not a git repository by itself: {place}", folder=str(place))
    common_dir = Path(lines[1])
    if _is_committed(common_dir.resolve()):
        message = f"{place} is inside another repository's files"
        raise UsageError(message, kind="embedded-repository", folder=str(place))
    return Found(place, place, common_dir, lines[2])


def _ask(folder: Path) -> Found | PlanaSecretsError:
    done = GitCommand(folder).look(
        "rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir",
        "--show-toplevel", "--show-object-format",
    )  # fmt: skip
    lines = os.fsdecode(done.stdout).split("\n")
    if done.status == 0 and len(lines) == 5:
        git_dir, common_dir, root = (Path(line) for line in lines[:3])
        return Found(root, git_dir, common_dir, lines[3])
    return _cannot_open(folder, done)


def _cannot_open(folder: Path, done: Completed) -> PlanaSecretsError:
    place = str(folder)
    if done.status == 0:
        message = f"the path of the repository has a line break: {place}"
        return UsageError(message, kind="line-break", folder=place)
    if match := _DUBIOUS.search(done.stderr):
        place = os.fsdecode(match.group(1) or place.encode())
        return UsageError(
            f"git does not trust the repository at {place}: it belongs to another user",
            kind="unsafe-repository",
            folder=place,
        )
    if any(sign in done.stderr for sign in _NO_WORK_TREE):
        return UsageError(f"no working tree at {place}", kind="bare-repository", folder=place)
    if b"not a git repository" in done.stderr:
        return NoRepositoryError(f"not in a git repository: {place}", folder=place)
    return unreadable("rev-parse", done)


def _why_not_own(found: Found) -> UsageError | None:
    entry = found.root / _NAME
    leads_to = _git_dir_of(found.root)
    if leads_to is None or leads_to != found.git_dir.resolve():
        message = f"{found.root} has no {_NAME} that points to the repository at {found.git_dir}"
    elif (entry.is_symlink() or not entry.is_dir()) and _is_committed(found.common_dir.resolve()):
        message = f"{entry} points to {found.git_dir}, which is inside another repository's files"
    else:
        return None
    return UsageError(message, kind="embedded-repository", folder=str(found.root))


def _git_dir_of(root: Path) -> Path | None:
    """Where the ``.git`` of a folder leads to, links resolved; None where it leads nowhere."""
    entry = root / _NAME
    try:
        if entry.is_dir():
            return entry.resolve()
        if not entry.is_file():
            return None
        content = entry.read_bytes()
    except OSError:
        return None
    if not content.startswith(_GITFILE):
        return None
    return Path(root, os.fsdecode(content.removeprefix(_GITFILE).strip())).resolve()


def _is_committed(git_dir: Path) -> bool:
    """Whether a repository above tracks files inside ``git_dir``."""
    for above in git_dir.parents:
        if not os.path.lexists(above / _NAME) or _NAME in git_dir.relative_to(above).parts:
            continue
        other = _ask(above)
        if not isinstance(other, Found) or other.common_dir.resolve() == git_dir:
            continue
        inside = git_dir.relative_to(above).as_posix()
        try:
            tracked = GitCommand(above).read("--literal-pathspecs", "ls-files", "-z", "--", inside)
        except FailedError:
            return True
        if tracked:
            return True
    return False


ADVICE: Final = {
    "unsafe-repository": (
        "`git config --global --add safe.directory {folder}`; a job without a home folder sets "
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0={folder}"
    ),
    "line-break": "rename the folder",
    "bare-repository": "work in a clone of it",
    "embedded-repository": "work in a clone of it, or pass another repository with --repo DIR",
}
