"""Every content of many files, through the names that they had; one git for all."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

from plana_secrets.git.command import GitCommand
from plana_secrets.git.rawlog import raw_records


def earlier_contents(
    git: GitCommand,
    files: Collection[str],
    head: str,
    *,
    under: Sequence[str],
    at_any_time: bool = False,
) -> dict[str, list[str]]:
    """File -> the blobs that it was in the history of ``head``, newest first, each once.

    Only what was ``under`` these folders is known. A rename is what git finds to be one, and
    what an earlier name was before counts, too: a name may be in the past of several files.

    ``at_any_time``: also what is later at an earlier name. A branch that was merged may have
    changed the file there, and so may another file that took the name.
    """
    changes = list(_changes(git, head, under))
    owners = {file: {file} for file in files}
    found = _pass(changes, owners)
    known = -1
    while at_any_time and known < (known := sum(map(len, owners.values()))):
        found = _pass(changes, owners)
    return found


def _pass(
    changes: Sequence[tuple[str, str, list[str]]], owners: dict[str, set[str]]
) -> dict[str, list[str]]:
    """What is known of each file; ``owners``, by name, gets the names that files had before."""
    found: dict[str, dict[str, None]] = {}
    for file in {file for files in owners.values() for file in files}:
        found[file] = {}
    for name, old_name, ids in changes:
        if name not in owners:
            continue
        for file in owners[name]:
            found[file].update(dict.fromkeys(ids))
        if old_name != name:
            owners.setdefault(old_name, set()).update(owners[name])
    return {file: list(ids) for file, ids in found.items()}


def every_content(git: GitCommand, *, under: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Name and blob of everything that a regular file ever was, on any branch or tag here or in a
    stash; what was ``under`` these names, or everywhere. Newest first, each once.
    """
    return list(dict.fromkeys((name, blob) for _, name, blob in _everything(git, under)))


def commits_of(git: GitCommand, blobs: Collection[str]) -> dict[tuple[str, str], list[str]]:
    """Name and blob -> the commits that gave the name this content, newest first."""
    wanted = frozenset(blobs)
    found: dict[tuple[str, str], list[str]] = {}
    for commit, name, blob in _everything(git, ()) if wanted else ():
        if blob in wanted:
            found.setdefault((name, blob), []).append(commit)
    return found


def _everything(git: GitCommand, under: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Id of a commit, and name and blob of each regular file that it changed."""
    output = git.read(
        "--literal-pathspecs", "log", "HEAD", "--all", *_older_stashes(git), "--topo-order",
        "--full-history", "--diff-merges=separate", "--no-renames", "--no-follow", "--no-ext-diff",
        "--no-textconv", "-r", "-z", "--raw", "--no-abbrev", "--format=%x1e%H", "--", *under,
    )  # fmt: skip
    for commit, name, facts in raw_records(output):
        if name is not None and facts[1].startswith("100"):
            yield commit, name, facts[3]


def _older_stashes(git: GitCommand) -> list[str]:
    """All stashes, of which only the newest has a ref; the others are in its log."""
    if git.line("rev-parse", "--quiet", "--verify", "refs/stash") is None:
        return []
    return (git.line("log", "--walk-reflogs", "--format=%H", "refs/stash") or "").split()


def _changes(
    git: GitCommand, head: str, under: Sequence[str]
) -> Iterator[tuple[str, str, list[str]]]:
    """Name, name before, and the blobs after and before, of each change, newest first."""
    output = git.read(
        "--literal-pathspecs", "log", head, "--topo-order", "--full-history",
        "--diff-merges=separate", "-M", "-l1000", "--no-follow", "--no-ext-diff", "--no-textconv",
        "-r", "-z", "--raw", "--no-abbrev", "--format=", "--", *under,
    )  # fmt: skip
    fields = iter(output.split(b"\0"))
    for field in fields:
        facts = field.lstrip(b"\n")
        if not facts.startswith(b":"):
            continue
        old_mode, new_mode, old_id, new_id, status = facts[1:].decode("ascii").split(" ")
        old_name = name = os.fsdecode(next(fields))
        if status[0] in "RC":
            name = os.fsdecode(next(fields))
        sides = ((new_mode, new_id), (old_mode, old_id))
        yield name, old_name, [one for mode, one in sides if mode.startswith("100")]
