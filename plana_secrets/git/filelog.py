"""The commits that changed one file, through the names that it had."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from plana_secrets.git.command import GitCommand
from plana_secrets.git.past import is_ancestor

_FORMAT: Final = "%x1e%H%x1f%P%x1f%at%x1f%ae%x1f%an"
_RAW: Final = ("-r", "-z", "--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv")


@dataclass(frozen=True, slots=True)
class FileCommit:
    """A commit that changed the file. ``old_id`` and ``new_id`` are blobs; None: no file.

    ``file`` is its name in the commit, ``old_file`` the name before if that was another.
    ``moment`` is the author's clock. Name and email are what the author claims.
    """

    id: str
    parents: tuple[str, ...]
    moment: datetime
    email: str
    author: str
    file: str
    old_id: str | None = None
    new_id: str | None = None
    old_file: str | None = None


def log_of_file(git: GitCommand, file: str, head: str) -> Iterator[FileCommit]:
    """The commits of ``head`` that changed ``file``, newest first.

    A merge counts only where its content is that of none of its parents. Renames are
    followed as git finds them, also where the content was changed on the way.
    """
    for one in _commits(git, file, head):
        if one.old_id is not None or not one.parents:
            yield one
            continue
        source = _renamed_from(git, one)
        if source is None:
            yield one
            continue
        old_file, old_id = source
        yield replace(one, old_file=old_file, old_id=old_id)
        yield from log_of_file(git, old_file, one.parents[0])
        return


def name_at(git: GitCommand, file: str, head: str, commit: str) -> str:
    """The name that ``file`` had in ``commit``, or its name now where git knows no other."""
    name = file
    for one in log_of_file(git, file, head):
        if one.old_file is not None and not is_ancestor(git, one.id, commit):
            name = one.old_file
    return name


def _commits(git: GitCommand, file: str, head: str) -> Iterator[FileCommit]:
    """Those that changed what is at this name."""
    output = git.read(
        "--literal-pathspecs", "log", head, "--topo-order", "--full-history",
        "--diff-merges=separate", "--no-renames", "--no-follow", *_RAW, f"--format={_FORMAT}",
        "--", file,
    )  # fmt: skip
    current: FileCommit | None = None
    sides = 0
    fields = iter(output.split(b"\0"))
    for field in fields:
        text = os.fsdecode(field).lstrip("\n")
        if text.startswith("\x1e"):
            commit = _parse(text[1:], file)
            if current is None or current.id != commit.id:
                if current is not None and _is_its_own(current, sides):
                    yield current
                current, sides = commit, 0
        elif text.startswith(":") and current is not None and os.fsdecode(next(fields)) == file:
            current, sides = _with_ids(current, text, is_first=not sides), sides + 1
    if current is not None and _is_its_own(current, sides):
        yield current


def _is_its_own(commit: FileCommit, sides: int) -> bool:
    """Whether it differs from every parent."""
    return sides >= max(len(commit.parents), 1)


def _parse(text: str, file: str) -> FileCommit:
    commit, parents, seconds, email, author = text.rstrip("\n").split("\x1f", 4)
    moment = datetime.fromtimestamp(int(seconds), UTC)
    return FileCommit(commit, tuple(parents.split()), moment, email, author, file)


def _with_ids(commit: FileCommit, facts: str, *, is_first: bool) -> FileCommit:
    """With the blobs of the side of the first parent."""
    if not is_first:
        return commit
    _, _, old_id, new_id, _ = facts.split(" ")
    return replace(commit, old_id=_known(old_id), new_id=_known(new_id))


def _known(object_id: str) -> str | None:
    return object_id if object_id.strip("0") else None


def _renamed_from(git: GitCommand, commit: FileCommit) -> tuple[str, str] | None:
    """Name and blob of the file that became ``commit.file`` there."""
    output = git.read("diff-tree", *_RAW, "-M", "-l1000", commit.parents[0], commit.id)
    fields = iter(output.split(b"\0"))
    for field in fields:
        if not field.startswith(b":"):
            continue
        _, _, old_id, _, status = field.decode("ascii").split(" ")
        name = os.fsdecode(next(fields))
        if status.startswith("R") and os.fsdecode(next(fields)) == commit.file:
            return name, old_id
    return None
