"""Which repository a command on hooks is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context
    from plana_secrets.git.repository import Repository


def repository_for(context: Context) -> Repository:
    """The one of the work tree, or the one that the folder itself is, as on a server.

    Raises:
        UsageError: as ``find_repository`` and ``find_git_dir`` say.
    """
    from plana_secrets.git.repository import Repository

    folder = context.repo or context.folder
    is_git_dir = all((folder / one).exists() for one in ("HEAD", "objects", "refs"))
    if is_git_dir and folder.resolve().name != ".git":
        return Repository.open_git_dir(folder)
    return context.repository
