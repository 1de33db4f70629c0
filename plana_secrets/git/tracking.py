"""How a branch compares with the one that it tracks, as far as it was last fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from plana_secrets.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Tracking:
    """``upstream``: ``origin/main``, say, and ``ref`` is its whole name. ``ahead``: commits
    that only we have; ``behind``: those that only it has.
    """

    upstream: str
    ref: str
    ahead: int
    behind: int

    @property
    def is_diverged(self) -> bool:
        return bool(self.ahead and self.behind)


def compare_with_upstream(repository: Repository, branch: str | None) -> Tracking | None:
    """How ``branch`` compares; None where it tracks nothing, or nothing was fetched yet.

    Asks no server.
    """
    if branch is None:
        return None
    form = "--format=%(upstream)%00%(upstream:short)%00%(upstream:track,nobracket)"
    line = repository.command.line("for-each-ref", form, f"refs/heads/{branch}")
    if not line:
        return None
    ref, name, track = line.split("\0")
    if not ref or track == "gone":
        return None
    counts = {word: int(number) for word, number in _COUNT.findall(track)}
    return Tracking(name, ref, counts.get("ahead", 0), counts.get("behind", 0))


_COUNT: Final = re.compile(r"(ahead|behind) (\d+)")


def open_operation(repository: Repository) -> str | None:
    """What git is in the middle of: ``merge``, ``rebase``, ``cherry-pick`` or ``revert``."""
    for name, words in _OPERATIONS.items():
        if (repository.git_dir / name).exists():
            return words
    return None


_OPERATIONS: Final = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
