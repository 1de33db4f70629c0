"""The folder in git's own folder where we keep a journal, a lock and edits for later.

We act on its content, so it has to belong to the user whom git trusts with the
repository already: to you, or to the owner of git's folder.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.git.repository import Repository

_NAME = "plana-secrets"


def state_folder(repository: Repository) -> Path:
    """Where the state of this work tree is kept; it may not be there yet.

    Raises:
        FailedError: it is no folder (kind ``no-state-folder``), or belongs to another user
            (kind ``foreign-state-folder``).
    """
    return _checked(repository.git_dir)


def shared_state_folder(repository: Repository) -> Path:
    """Where the state that all work trees of a repository share is kept.

    Raises:
        FailedError: as ``state_folder``.
    """
    return _checked(repository.common_dir)


def _checked(git_dir: Path) -> Path:
    folder = git_dir / _NAME
    try:
        status = folder.lstat()
        owners = {os.geteuid(), git_dir.stat().st_uid}
    except FileNotFoundError:
        return folder
    except OSError as error:
        raise _refused(folder, f"cannot be read: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode):
        raise FailedError(f"{folder} is not a folder", kind="no-state-folder", file=str(folder))
    if status.st_uid not in owners:
        raise _refused(folder, "belongs to another user")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise _refused(folder, "is not readable by you")
    return folder


def _refused(folder: Path, what: str) -> FailedError:
    return FailedError(f"{folder} {what}", kind="foreign-state-folder", folder=str(folder))


ADVICE: Final = {
    "foreign-state-folder": (
        "ask its owner to run `plana-secrets recover`, then remove it with `rm -r {folder}`"
    ),
    "no-state-folder": "remove it with `rm {file}`",
}
