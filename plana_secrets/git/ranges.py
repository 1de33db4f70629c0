"""What the commits of a range brought: every new content, merges and side branches included."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.git.command import GitCommand
from plana_secrets.git.rawlog import raw_records
from plana_secrets.git.repository import Repository, TreeEntry

_FEW: Final = 256
_RAW: Final = (
    "log", "-z", "--topo-order", "-c", "-r", "--raw", "--no-abbrev", "--no-renames",
    "--no-ext-diff", "--no-textconv", "--format=%x1e%H",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as a commit wrote it: unlike in each of its parents, so a merge has none of its own
    unless a person changed it there."""

    commit: str
    file: str
    entry: TreeEntry


@dataclass(frozen=True, slots=True)
class History:
    """The commits of a range, newest first, and what each of them wrote."""

    commits: tuple[str, ...]
    written: tuple[NewFile, ...]


def read_history(
    repository: Repository, head: str, *, without: str | None, known: Sequence[str] = ()
) -> History:
    """What led to ``head`` and not to ``without``; everything with None. One git for all.

    ``known``: what else is known already, as arguments of git-rev-list.

    Raises:
        FailedError: the range goes beyond what a shallow clone has (kind ``shallow-range``).
    """
    chosen = _chosen(head, without, known)
    output = repository.command.read(*_RAW, *chosen, "--")
    commits: list[str] = []
    written: list[NewFile] = []
    for commit, file, entry in _parse(output):
        if entry is None:
            commits.append(commit)
        else:
            written.append(NewFile(commit, file, entry))
    if cut_commits(repository.common_dir) & set(commits):
        raise too_shallow()
    return History(tuple(commits), tuple(written))


def merges_among(
    git: GitCommand, commits: Sequence[str], *, limit: int
) -> list[tuple[str, tuple[str, str]]]:
    """Those of ``commits`` that merged two, with both, and at most ``limit`` of them."""
    request = "".join(f"{commit}\n" for commit in commits).encode("ascii")
    arguments = ("--no-walk=unsorted", "--parents", "--merges", "--stdin")
    output = git.read("rev-list", *arguments, stdin=request) if commits else b""
    lines = (line.split() for line in output.decode("ascii").splitlines())
    return [(line[0], (line[1], line[2])) for line in lines if len(line) == 3][:limit]


def ids_at(
    repository: Repository, commits: Sequence[str], files: Sequence[str]
) -> dict[str, frozenset[tuple[str, str]]]:
    """For each commit those of ``files`` that it has, with their blobs. One git for all.

    Source: gitrevisions(7), ``<rev>:<path>``; git-cat-file(1), "BATCH OUTPUT".
    """
    found: dict[str, set[tuple[str, str]]] = {commit: set() for commit in commits}
    # a line break would be the end of a question, so what is in such a folder is listed
    odd = [file for file in files if "\n" in file]
    asked = [(commit, file) for commit in commits for file in files if file not in odd]
    request = b"".join(b"%s:%s\n" % (c.encode("ascii"), os.fsencode(f)) for c, f in asked)
    output = repository.command.read("cat-file", "--batch-check", stdin=request) if asked else b""
    for (commit, file), line in zip(asked, output.splitlines(), strict=True):
        if not line.endswith(b" missing"):
            found[commit].add((file, line.partition(b" ")[0].decode("ascii")))
    for commit in commits if odd else ():
        entries = repository.list_entries(commit, under=odd)
        found[commit].update((file, entries[file].id) for file in odd if file in entries)
    return {commit: frozenset(ids) for commit, ids in found.items()}


def leave_known(repository: Repository, head: str, known: Sequence[str]) -> str | None:
    """Where the first parents of ``head`` leave what is known, as arguments of git-rev-list.

    It is ``head`` itself where that is known; None where nothing is that led to it.
    """
    arguments = ("--first-parent", "--parents", head, *_unless(known), "--")
    lines = repository.command.read("rev-list", *arguments).decode("ascii").splitlines()
    if not lines:
        return head
    _commit, *parents = lines[-1].split()
    return parents[0] if parents else None


def _chosen(head: str, without: str | None, known: Sequence[str]) -> list[str]:
    return [head, *([f"^{without}"] if without else []), *_unless(known)]


def _unless(known: Sequence[str]) -> tuple[str, ...]:
    return ("--not", *known) if known else ()


def too_shallow() -> FailedError:
    """The error for a range whose beginning is not in this clone."""
    return FailedError(
        "this is a shallow clone, and the beginning of the range is not in it",
        kind="shallow-range",
    )


def cut_commits(common_dir: Path) -> set[str]:
    """The commits whose parents a shallow clone does not have.

    Source: git's Documentation/gitformat-index and shallow.c: one id a line.
    """
    try:
        return set((common_dir / "shallow").read_text("ascii").split())
    except FileNotFoundError:
        return set()


def earlier_files(
    repository: Repository, head: str, files: Sequence[str]
) -> dict[str, list[NewFile]]:
    """Every content that ``files`` had up to ``head``, newest first, by file."""
    under = files if len(files) <= _FEW else ()
    git: GitCommand = repository.command
    output = git.read("--literal-pathspecs", *_RAW, "--full-history", head, "--", *under)
    found: dict[str, list[NewFile]] = {file: [] for file in files}
    for commit, file, entry in _parse(output):
        if entry is not None and file in found:
            found[file].append(NewFile(commit, file, entry))
    return found


def touched_files(
    repository: Repository, head: str, *, without: str | None, known: Sequence[str] = ()
) -> dict[str, list[str]]:
    """The files in which each commit of a range differs from any of its parents, newest first.

    Removed ones are among them, and of a merge what it took over from one side.
    """
    chosen = _chosen(head, without, known)
    output = repository.command.read(*_RAW, "--diff-merges=separate", *chosen, "--")
    found: dict[str, dict[str, None]] = {}
    for commit, name, _facts in raw_records(output):
        found.setdefault(commit, {})
        if name is not None:
            found[commit][name] = None
    return {commit: list(files) for commit, files in found.items()}


def _parse(output: bytes) -> Iterator[tuple[str, str, TreeEntry | None]]:
    """Each commit without an entry, then the files that it wrote."""
    for commit, name, facts in raw_records(output):
        if name is None:
            yield commit, "", None
            continue
        count = (len(facts) - 1) // 2
        mode, object_id = facts[count - 1], facts[2 * count - 1]
        if object_id.strip("0"):
            yield commit, name, TreeEntry(mode, object_id)


ADVICE: Final = {
    "shallow-range": (
        "check out with `fetch-depth: 0` (GitLab: `GIT_DEPTH: 0`), or run `git fetch --unshallow`, "
        "and run it again"
    ),
}
