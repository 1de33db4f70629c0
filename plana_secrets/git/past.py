"""Questions about the past of a repository, each with an answer or an error, never a guess."""

from __future__ import annotations

import os
from collections.abc import Sequence

from plana_secrets.git.command import GitCommand, unreadable
from plana_secrets.git.rawlog import raw_records
from plana_secrets.process import Completed


def is_ancestor(git: GitCommand, ancestor: str, descendant: str) -> bool:
    """See ``Repository.is_ancestor``."""
    done = git.look("merge-base", "--is-ancestor", ancestor, descendant, answers=(0, 1))
    return done.status == 0 or _no(git, "merge-base", done, ancestor, descendant)


def contains_all(git: GitCommand, descendant: str, ancestors: Sequence[str]) -> bool:
    """See ``Repository.contains_all``."""
    lines = "".join(f"{commit}\n" for commit in [f"^{descendant}", *ancestors])
    done = git.look("rev-list", "--max-count=1", "--stdin", stdin=lines.encode())
    if done.status == 0:
        return not done.stdout
    return _no(git, "rev-list", done, descendant, *ancestors)


def _no(git: GitCommand, command: str, done: Completed, *commits: str) -> bool:
    """False, where git said no or has not all of ``commits``; else it could not tell."""
    if done.status != 1 and all(resolve(git, commit) for commit in commits):
        raise unreadable(command, done)
    return False


def resolve(git: GitCommand, revision: str) -> str | None:
    """The id of the commit that ``revision`` means, or None."""
    return git.line(
        "rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}"
    )


def renames(git: GitCommand, old: str, new: str) -> dict[str, str]:
    """See ``Repository.renames``."""
    output = git.read(
        "diff-tree", "-r", "-z", "-M", "-l1000", "--name-status", "--diff-filter=R",
        "--no-ext-diff", "--no-textconv", old, new,
    )  # fmt: skip
    fields = iter(output.split(b"\0"))
    return {
        os.fsdecode(name): os.fsdecode(former)
        for _, former, name in zip(fields, fields, fields, strict=False)
    }


def missing_history(git: GitCommand) -> str | None:
    """See ``Repository.missing_history``."""
    if git.line("rev-parse", "--is-shallow-repository") == "true":
        return "a shallow clone"
    return None


def commits_with_blobs(git: GitCommand, blobs: Sequence[str]) -> list[tuple[str, str]]:
    """Commit and name of every file that is one of ``blobs``, wherever git still knows it."""
    known = [one for one in blobs if git.look("cat-file", "-e", one, answers=(0, 1)).status == 0]
    if not known:
        return []
    output = git.read(
        "log", "--all", "--reflog", "--full-history", "--diff-merges=separate", "--no-renames",
        "--no-ext-diff", "--no-textconv", "-r", "-z", "--raw", "--no-abbrev", "--format=%x1e%H",
        *(f"--find-object={one}" for one in known), "--",
    )  # fmt: skip
    return [
        (commit, name)
        for commit, name, facts in raw_records(output)
        if name is not None and facts[3] in known
    ]


def contents_of(git: GitCommand, file: str, until: str | None) -> list[tuple[str, str]]:
    """See ``Repository.history_of``."""
    where = ("--all", "--reflog") if until is None else (until,)
    output = git.read(
        "--literal-pathspecs", "log", *where, "--full-history", "--diff-merges=separate",
        "--no-renames", "--no-follow", "--no-ext-diff", "--no-textconv", "--raw", "--no-abbrev",
        "--format=commit %H", "--", file,
    )  # fmt: skip
    versions: dict[str, str] = {}
    commit = ""
    for line in output.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith(":"):
            object_id = line.split(" ")[3]
            if object_id.strip("0"):
                versions.setdefault(object_id, commit)
    return [(commit, object_id) for object_id, commit in versions.items()]
