"""Merging readable text as git does, and which commit a merge that is under way brings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from plana_secrets.git.command import GitCommand, unreadable
from plana_secrets.git.past import resolve
from plana_secrets.git.repository import Repository
from plana_secrets.memory import private_folder
from plana_secrets.storage import read_regular_file, replace_file


def merge_texts(git: GitCommand, base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
    """The three as git merges them, with its markers; and whether there are none.

    Raises:
        FailedError: git does not merge them, as they are no text (kind ``git-failed``).
    """
    with private_folder() as folder:
        names = [str(folder / name) for name in ("ours", "base", "theirs")]
        for name, content in zip(names, (ours, base, theirs), strict=True):
            replace_file(Path(name), content)
        labels = ("-L", "ours", "-L", "base", "-L", "theirs")
        done = git.look("merge-file", "-p", "-q", *labels, *names, answers=range(128))
    if done.status not in range(128):
        raise unreadable("merge-file", done)
    return done.stdout, done.status == 0


def commit_being_merged(
    repository: Repository, environment: Mapping[str, str]
) -> tuple[str, str] | None:
    """The base and the commit that a git is merging into HEAD, which has called us.

    None where git does not tell: a cherry-pick, a revert and a stash tell it afterwards.
    Sources: git 2.39, builtin/merge.c (GITHEAD_) and sequencer.c (rebase-merge/done).
    """
    heads = [name for name in environment if _HEAD.fullmatch(name)]
    git, head = repository.command, repository.head()
    if head is None:
        return None
    if len(heads) == 1:
        theirs = resolve(git, heads[0].removeprefix("GITHEAD_"))
        base = repository.merge_base(head, theirs) if theirs else None
    else:
        theirs = _picked(repository)
        base = resolve(git, f"{theirs}^1") if theirs else None
    return (base, theirs) if base and theirs else None


def _picked(repository: Repository) -> str | None:
    """The commit that a rebase is at."""
    done = repository.git_dir / "rebase-merge" / "done"
    if not done.is_file():
        return None
    last = read_regular_file(done).decode("utf-8", "replace").rstrip().rpartition("\n")[2]
    match = _PICK.match(last)
    return resolve(repository.command, match[1]) if match else None


_HEAD: Final = re.compile(r"GITHEAD_[0-9a-f]{40,64}")
_PICK: Final = re.compile(r"(?:pick|p|reword|r|edit|e|squash|s|fixup|f)(?: -[cC])? ([0-9a-f]+)\b")
