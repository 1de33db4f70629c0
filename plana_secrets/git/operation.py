"""The two sides of what git is in the middle of: which commits, and how a person calls them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plana_secrets import limits
from plana_secrets.git.past import resolve
from plana_secrets.git.repository import Repository
from plana_secrets.git.tracking import open_operation
from plana_secrets.storage import read_regular_file

_SHORT = 10


@dataclass(frozen=True, slots=True)
class Commits:
    """Two commits that are merged, and what both are compared with. ``base`` None: nothing, or
    for a merge (``by_bases``) the merge bases, of which there may be several.
    """

    base: str | None
    ours: str
    theirs: str
    by_bases: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What a person calls the two sides. In a rebase ours is what is rebased onto."""

    ours: str
    theirs: str


def commits_in_operation(repository: Repository) -> Commits | None:
    """The commits of the merge, rebase, cherry-pick or revert that is open.

    None where there is none, or more than two sides (an octopus).
    """
    operation, ours = open_operation(repository), repository.head()
    head = _heads(repository, operation)
    if ours is None or len(head) != 1:
        return None
    parent = resolve(repository.command, f"{head[0]}^1")
    if operation == "merge":
        return Commits(None, ours, head[0], by_bases=True)
    if operation == "revert":
        return Commits(head[0], ours, parent) if parent else None
    return Commits(parent, ours, head[0])


def names_of_sides(repository: Repository) -> Names:
    """Branches where there are any, else commits."""
    operation = open_operation(repository)
    here = repository.branch() or _named(repository, repository.head())
    heads = _heads(repository, operation)
    there = " and ".join(_named(repository, one) for one in heads) or "the other side"
    if operation == "rebase":
        onto = repository.git_dir / "rebase-merge" / "onto"
        upstream = _commits_in(repository, onto) if onto.is_file() else []
        names = [_named(repository, one) for one in upstream]
        return Names(f"{names[0] if names else here} and what is rebased already", there)
    return Names(here, f"before {there}" if operation == "revert" else there)


def name_of(repository: Repository, commit: str) -> str:
    """What a person calls a commit: its branch, or how it begins and its subject."""
    return _named(repository, commit)


def heads_of_operation(repository: Repository) -> list[str]:
    """The commits that are merged into HEAD, applied to it, or taken out of it."""
    return _heads(repository, open_operation(repository))


def _heads(repository: Repository, operation: str | None) -> list[str]:
    name = _HEADS.get(operation or "")
    if name is None or not (repository.git_dir / name).is_file():
        return []
    return _commits_in(repository, repository.git_dir / name)


def _commits_in(repository: Repository, place: Path) -> list[str]:
    words = read_regular_file(place, limit=limits.STATE_FILE).decode("ascii", "replace").split()
    return [commit for word in words if (commit := resolve(repository.command, word))]


_HEADS = {
    "merge": "MERGE_HEAD",
    "rebase": "REBASE_HEAD",
    "cherry-pick": "CHERRY_PICK_HEAD",
    "revert": "REVERT_HEAD",
}


def _named(repository: Repository, commit: str | None) -> str:
    if commit is None:
        return "an empty branch"
    git = repository.command
    places = ("refs/heads", "refs/remotes")
    form = "--format=%(refname:short)"
    names = (git.line("for-each-ref", form, f"--points-at={commit}", *places) or "").split("\n")
    if names[0]:
        return names[0]
    subject = git.line("log", "-1", "--format=%s", commit) or ""
    return f"{commit[:_SHORT]} ({subject[:60]})" if subject else commit[:_SHORT]
