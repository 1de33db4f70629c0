"""Being the only one who writes, on ground that is clean.

One lock serves all work trees of a repository. Its holder knows that no other
writer is alive, so leftovers are from a dead one: they are swept, and a change that
was interrupted is finished or undone before anything new begins.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from plana_secrets.errors import FailedError, IncompleteError
from plana_secrets.git.index import list_checkout
from plana_secrets.git.repository import Repository
from plana_secrets.locks import Patience, locked
from plana_secrets.memory import sweep_private_folders
from plana_secrets.observability import Event
from plana_secrets.secretfiles.open import path_of
from plana_secrets.secretfiles.roots import folders_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.journal import Journal, lock_path
from plana_secrets.secretfiles.writing.recovery import Recovery, finish_pending
from plana_secrets.storage import (
    find_leftovers,
    is_temporary,
    make_folder,
    remove_file,
)


@contextlib.contextmanager
def writing(workspace: Workspace, operation: str) -> Iterator[Recovery]:
    """The one way to write: alone, with nothing pending and no leftovers lying about.

    What became of a change that was pending is yielded.

    Raises:
        ConflictError: another run holds the lock, and ``workspace.patience`` is over.
        IncompleteError: an interrupted change can be neither finished nor undone.
    """
    with alone(workspace.repository, operation, workspace.patience):
        sweep(workspace)
        yield finish_pending(workspace)


def discard_pending(workspace: Workspace) -> str | None:
    """Forget a pending change, damaged or not, and leave the files as they are.

    Returns:
        What it was, or None where there was none.
    """
    with alone(workspace.repository, "recover", workspace.patience):
        journal = Journal(workspace.repository)
        try:
            found = journal.read()
        except IncompleteError:
            journal.clear()
            return "a change"
        journal.clear()
        return found.operation if found else None


@contextlib.contextmanager
def alone(repository: Repository, operation: str, patience: Patience) -> Iterator[None]:
    """The lock by itself, for what is written before there are settings.

    Raises:
        ConflictError: another run holds it, and ``patience`` is over.
    """
    lock = lock_path(repository)
    _refuse_closed(repository)
    make_folder(lock.parent, mode=0o700)
    with locked(lock, command=operation, patience=patience):
        yield


def _refuse_closed(repository: Repository) -> None:
    """The journal and the lock are in git's own folder, and commits in its objects."""
    for place in (repository.git_dir, repository.common_dir / "objects"):
        if not os.access(place, os.W_OK | os.X_OK):
            message = f"{place} cannot be written to by this user"
            if place.exists() and os.statvfs(place).f_flag & os.ST_RDONLY:
                message = f"{place} cannot be written to: {os.strerror(errno.EROFS)}"
            raise FailedError(message, kind="git-unwritable", folder=str(place))


def sweep(workspace: Workspace) -> None:
    """Remove what killed runs left behind; the lock proves that they are dead."""
    swept = sweep_private_folders()
    for path in leftovers(workspace):
        remove_file(path)
        swept += 1
    if swept:
        workspace.observer(Event("leftovers-removed", {"count": swept}))


def leftovers(workspace: Workspace, untracked: Iterable[str] | None = None) -> list[Path]:
    """Temporary files beside the files that we write: below the roots, and at the top.

    ``untracked``: the files that git would add, where they were listed already.
    """
    found = find_leftovers(workspace.root, deep=False)
    for root in folders_of(workspace.settings.roots):
        if root != ".":
            with contextlib.suppress(FailedError):
                found += find_leftovers(path_of(workspace, root))
    others = _untracked(workspace) if untracked is None else untracked
    # a secret file can be anywhere
    found += [workspace.root / file for file in others if is_temporary(file.rpartition("/")[2])]
    return list(dict.fromkeys(found))


def _untracked(workspace: Workspace) -> list[str]:
    with contextlib.suppress(FailedError):  # what git may not look at stops no command
        return [file for _, file, entry in list_checkout(workspace.repository) if entry is None]
    return []
