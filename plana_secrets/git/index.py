"""What the index says of files, and which of them are in the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from plana_secrets.git.command import unreadable
from plana_secrets.git.pipes import ignore_files, refuse_pipes
from plana_secrets.git.repository import Repository, TreeEntry

LEFT_OUT: Final = "S"
"""The tag of a file that git keeps out of the work tree: a sparse checkout."""

_UNTRACKED: Final = "?"


def index_of_commit(repository: Repository, environment: Mapping[str, str]) -> Path | None:
    """The index of a ``git commit`` that runs us as its hook; None for the usual one.

    ``git commit FILE`` and ``git commit -a`` put what they record into an index of their own.
    A variable that names a file outside the git dir of this work tree is of another repository.
    Source: git 2.39, builtin/commit.c (prepare_index) and commit.c (run_commit_hook).
    """
    said = environment.get("GIT_INDEX_FILE")
    if not said:
        return None
    place = Path(os.path.realpath(repository.root / said))
    inside = place.is_relative_to(os.path.realpath(repository.git_dir))
    return place if inside and place.is_file() else None


def list_checkout(
    repository: Repository, *, under: Sequence[str] = (), untracked: bool = True
) -> Iterator[tuple[str, str, TreeEntry | None]]:
    """Tag of ``ls-files -t``, name and index entry of every file below ``under``.

    A file that is not in the index has no entry; one with a merge conflict comes once,
    and its entry has no id.
    """
    seen = ""
    which = ["--cached"]
    if untracked:
        refuse_pipes(repository.root, ignore_files(repository.root, under))
        which += ["--others", "--exclude-standard"]
    output = repository.command.read(
        "--literal-pathspecs", "ls-files", "-t", "--stage", "-z", *which, "--", *under
    )
    for record in filter(None, output.split(b"\0")):
        tag, _, rest = record.partition(b" ")
        if tag == _UNTRACKED.encode():
            yield _UNTRACKED, os.fsdecode(rest), None
            continue
        facts, _, name = rest.partition(b"\t")
        mode, object_id, stage = facts.decode("ascii").split(" ")
        file = os.fsdecode(name)
        if stage != "0" and file == seen:
            continue
        seen = file
        yield tag.decode("ascii"), file, TreeEntry(mode, object_id if stage == "0" else "")


def ids_before_staging(repository: Repository) -> dict[str, str]:
    """The id that HEAD has of each file of which the index has another content, or none.

    Empty for a file that HEAD does not have. One git tells all.
    """
    done = repository.command.look(
        "diff-index", "--cached", "--raw", "-z", "--no-renames", "HEAD", "--"
    )
    if done.status != 0:
        if repository.head() is None:
            return {}
        raise unreadable("diff-index", done)
    fields = iter(done.stdout.split(b"\0"))
    found: dict[str, str] = {}
    for facts, name in zip(fields, fields, strict=False):
        _, _, before, _, state = facts.decode("ascii").split(" ")
        if state in {"A", "D", "M"}:
            found[os.fsdecode(name)] = "" if state == "A" else before
    return found


def index_ids(repository: Repository, file: str) -> list[str]:
    """The ids of what the index has at ``file``: one, none, or up to three in a conflict."""
    output = repository.command.read("--literal-pathspecs", "ls-files", "--stage", "-z", "--", file)
    entries = (entry.partition(b"\t") for entry in output.split(b"\0") if entry)
    return [
        head.split()[1].decode("ascii")
        for head, _, name in entries
        if os.fsdecode(name) == file and not head.startswith(b"160000")
    ]


def unmerged_stages(
    repository: Repository, *, under: Sequence[str] = ()
) -> dict[str, dict[int, TreeEntry]]:
    """Of every file with a merge conflict what the index has: 1 is the base, 2 ours, 3 theirs."""
    output = repository.command.read(
        "--literal-pathspecs", "ls-files", "--unmerged", "-z", "--", *under
    )
    found: dict[str, dict[int, TreeEntry]] = {}
    for record in filter(None, output.split(b"\0")):
        facts, _, name = record.partition(b"\t")
        mode, object_id, stage = facts.decode("ascii").split(" ")
        found.setdefault(os.fsdecode(name), {})[int(stage)] = TreeEntry(mode, object_id)
    return found


def add_to_index(repository: Repository, file: str, content: bytes | None) -> bool:
    """Let git record a file as it is in the work tree, or as removed, and no longer as unmerged.

    Returns:
        Whether the index then has exactly that; another git may have locked it.
    """
    command = (
        ("add", "--sparse", "--")
        if content is not None
        else ("update-index", "--force-remove", "--")
    )
    repository.command.write("--literal-pathspecs", *command, file)
    expected = [] if content is None else [repository.blob_id(content)]
    return index_ids(repository, file) == expected and not unmerged_stages(repository, under=[file])
