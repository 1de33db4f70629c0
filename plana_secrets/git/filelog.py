"""The commits that changed one file, through the names that it had, on every line of history.

A file may be renamed on one branch while another one changes it. So first all of its names
are found, then each commit that touches one of them is asked which of them it has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from plana_secrets.git.command import GitCommand
from plana_secrets.git.history import moment_of

_FORMAT: Final = "%x1e%H%x1f%P%x1f%at%x1f%ae%x1f%an"
_RAW: Final = ("-r", "-z", "--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv")
_MOST_NAMES: Final = 50


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


@dataclass(slots=True)
class _Touch:
    """A commit with what it did at our names: name -> blob before and after. Of a merge
    these are the differences to one parent after the other, of which the last is kept."""

    commit: FileCommit
    entries: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)


def log_of_file(git: GitCommand, file: str, head: str) -> Iterator[FileCommit]:
    """The commits of ``head`` that changed ``file``, newest first.

    A merge counts only where its content is that of none of its parents. Renames are
    followed as git finds them, also where the content was changed on the way.
    """
    names, touches, renames = _find_names(git, file, head)
    for touch in touches:
        if len(touch.commit.parents) > 1:
            change = _of_merge(git, touch.commit, names)
        else:
            change = _of_commit(git, touch, names, renames)
        if change is not None:
            yield change


def names_of_file(git: GitCommand, file: str, head: str) -> list[str]:
    """The names that ``file`` had up to ``head``, the present one first."""
    return _find_names(git, file, head)[0]


_Renames = dict[tuple[str, str], str | None]


def _find_names(git: GitCommand, file: str, head: str) -> tuple[list[str], list[_Touch], _Renames]:
    """All names, newest first; the commits that touch one; where each name came from."""
    names = [file]
    renames: _Renames = {}
    while True:
        touches = list(_touches(git, names, head))
        known = len(names)
        for touch in touches:
            for name, (old_id, _) in touch.entries.items():
                key = (touch.commit.id, name)
                if old_id is not None or len(touch.commit.parents) != 1 or key in renames:
                    continue
                source = renames[key] = _renamed_from(git, touch.commit, name)
                if source is not None and source not in names:
                    names.append(source)
        if len(names) in {known, _MOST_NAMES} or len(names) > _MOST_NAMES:
            return names, touches, renames


def _touches(git: GitCommand, names: Sequence[str], head: str) -> Iterator[_Touch]:
    output = git.read(
        "--literal-pathspecs", "log", head, "--topo-order", "--full-history",
        "--diff-merges=separate", "--no-renames", "--no-follow", *_RAW, f"--format={_FORMAT}",
        "--", *names,
    )  # fmt: skip
    touch: _Touch | None = None
    fields = iter(output.split(b"\0"))
    for one in fields:
        text = os.fsdecode(one).lstrip("\n")
        if text.startswith("\x1e"):
            commit = _parse(text[1:])
            if touch is not None and touch.commit.id != commit.id:
                yield touch
            if touch is None or touch.commit.id != commit.id:
                touch = _Touch(commit)
        elif text.startswith(":") and touch is not None:
            name = os.fsdecode(next(fields))
            if name in names:
                _, _, old_id, new_id, _ = text.split(" ")
                touch.entries[name] = _known(old_id), _known(new_id)
    if touch is not None:
        yield touch


def _parse(text: str) -> FileCommit:
    commit, parents, seconds, email, author = text.rstrip("\n").split("\x1f", 4)
    return FileCommit(commit, tuple(parents.split()), moment_of(seconds), email, author, "")


def _known(object_id: str) -> str | None:
    return object_id if object_id.strip("0") else None


def _of_commit(
    git: GitCommand, touch: _Touch, names: Sequence[str], renames: _Renames
) -> FileCommit | None:
    commit, entries = touch.commit, touch.entries
    touched = [name for name in names if name in entries]
    if not touched:
        return None
    after = [name for name in touched if entries[name][1] is not None]
    name = (after or touched)[0]
    newer = names[: names.index(name)]
    if newer and _find_blob(git, commit.id, newer) is not None:
        return None  # another file, which took a name that ours had once
    old_id, new_id = entries[name]
    source = renames.get((commit.id, name)) if old_id is None else None
    if source is not None and source in entries:
        old_id = entries[source][0]
    return replace(commit, file=name, old_id=old_id, new_id=new_id, old_file=source)


def _of_merge(git: GitCommand, commit: FileCommit, names: Sequence[str]) -> FileCommit | None:
    """A merge whose content no parent has. The parent that it is compared with is the first
    that has the file."""
    found = _find_blob(git, commit.id, names)
    before = [_find_blob(git, parent, names) for parent in commit.parents]
    if any((one and one[1]) == (found and found[1]) for one in before):
        return None
    old = next((one for one in before if one is not None), None)
    name = (found or old or ("", ""))[0]
    old_file = old[0] if old is not None and old[0] != name else None
    return replace(
        commit, file=name, old_id=old and old[1], new_id=found and found[1], old_file=old_file
    )


def _find_blob(git: GitCommand, commit: str, names: Sequence[str]) -> tuple[str, str] | None:
    """The first of ``names`` that a commit has, and its blob."""
    output = git.read("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *names)
    found: dict[str, str] = {}
    for record in filter(None, output.split(b"\0")):
        facts, _, name = record.partition(b"\t")
        _, kind, blob = facts.decode("ascii").split(" ")
        if kind == "blob":
            found[os.fsdecode(name)] = blob
    return next(((name, found[name]) for name in names if name in found), None)


def _renamed_from(git: GitCommand, commit: FileCommit, name: str) -> str | None:
    """The name of the file that became ``name`` there."""
    output = git.read("diff-tree", *_RAW, "-M", "-l1000", commit.parents[0], commit.id)
    fields = iter(output.split(b"\0"))
    for one in fields:
        if not one.startswith(b":"):
            continue
        source = os.fsdecode(next(fields))
        if one.rpartition(b" ")[2].startswith(b"R") and os.fsdecode(next(fields)) == name:
            return source
    return None
