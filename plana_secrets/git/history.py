"""Commits one by one: what each says, and which files it changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from plana_secrets.git.command import GitCommand


@dataclass(frozen=True, slots=True)
class Commit:
    """``date`` is the committer's: the clock of the machine that wrote it, nothing more."""

    id: str
    parents: tuple[str, ...]
    date: datetime
    message: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs between two commits; ids and modes as git has them, zeros for none."""

    file: str
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str

    @property
    def is_edit(self) -> bool:
        """Another content of a regular file that was there before, and nothing else."""
        return self.old_mode == self.new_mode and self.new_mode.startswith("100")

    @property
    def is_new_file(self) -> bool:
        return not self.old_mode.strip("0") and self.new_mode == "100644"


def list_commits(
    git: GitCommand,
    head: str,
    *,
    without: str | None = None,
    under: Sequence[str] = (),
    limit: int | None = None,
) -> list[Commit]:
    """The commits of ``head``, newest first; not those of ``without``, nor without a file in
    ``under``."""
    output = git.read(
        "--literal-pathspecs", "log", "-z", "--topo-order", "--format=%H%x1f%P%x1f%ct%x1f%B",
        *([f"--max-count={limit}"] if limit else []),
        head, *([f"^{without}"] if without else []), "--", *under,
    )  # fmt: skip
    return [_parse(record) for record in output.split(b"\0") if record]


def _parse(record: bytes) -> Commit:
    commit, parents, seconds, message = record.decode("utf-8", "replace").split("\x1f", 3)
    return Commit(commit, tuple(parents.split()), moment_of(seconds), message)


def moment_of(seconds: str) -> datetime:
    """The time that a commit claims; the nearest one that can be computed with.

    git stores whatever it is told: no number at all, or one of a year with thirteen digits.
    """
    try:
        number = int(seconds)
    except ValueError:
        return _EARLIEST
    if number > _LATEST.timestamp():
        return _LATEST
    return datetime.fromtimestamp(max(number, 0), UTC)


_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)


def list_changes(git: GitCommand, old: str, new: str) -> list[FileChange]:
    """The files that differ between two commits."""
    output = git.read(
        "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff",
        "--no-textconv", old, new,
    )  # fmt: skip
    fields = output.split(b"\0")
    changes = []
    for facts, name in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, new_mode, old_id, new_id, _ = facts.decode("ascii").removeprefix(":").split(" ")
        changes.append(FileChange(os.fsdecode(name), old_mode, new_mode, old_id, new_id))
    return changes
