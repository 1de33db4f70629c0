"""Where git looks for the hooks of a repository."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from plana_secrets.git.repository import Repository


@dataclass(frozen=True, slots=True)
class HookFolder:
    """``scope``: which settings of git name it (``local``, ``global``, ...); None for git's own
    folder, which all work trees of a repository share."""

    path: Path
    scope: str | None = None


def own_folder(repository: Repository) -> HookFolder:
    """The folder that git uses where no setting names another one."""
    return HookFolder(repository.common_dir / "hooks")


def hook_folder(repository: Repository) -> HookFolder:
    """The folder that git uses. Ours, which say that no hook runs while we look, do not count.

    Source: git-config(1), core.hooksPath: relative to where hooks run.
    """
    arguments = ("config", "--show-scope", "--type=path", "--get-all", "core.hooksPath")
    output = repository.command.look(*arguments, answers=(0, 1)).stdout
    named = [line.partition("\t") for line in os.fsdecode(output).splitlines()]
    chosen = [(scope, path) for scope, _, path in named if scope != "command"]
    if not chosen:
        return own_folder(repository)
    scope, path = chosen[-1]
    return HookFolder(repository.root / path, scope)
