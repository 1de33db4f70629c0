"""By which rules a file is to be written while git merges it.

git merges all files in memory and writes them afterwards, so the work tree has the rules of
one side only. A change of rules and files, merged with a change of a value, must go through.
"""

from __future__ import annotations

from collections.abc import Mapping

from plana_secrets.git.textmerge import commit_being_merged, merge_texts
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace


def with_merged_rules(workspace: Workspace, file: str, environment: Mapping[str, str]) -> Workspace:
    """The workspace with the rules files above ``file`` as they will be after the merge.

    Those on which the two sides conflict, or of which git does not tell the other side, are as
    in the work tree: what does not fit them is a conflict, and ``resolve`` comes afterwards.
    """
    found = commit_being_merged(workspace.repository, environment)
    if found is None:
        return workspace
    names = _rules_above(file)
    head = workspace.repository.head()
    assert head is not None  # noqa: S101 - it is merged into
    read = workspace.repository.read_blobs
    before, here, there = (read(commit, names) for commit in (found[0], head, found[1]))
    for name in names:
        merged = _merged(workspace, before[name], here[name], there[name])
        if merged is not None and merged != here[name]:
            workspace = workspace.under_rules(merged, name)
    return workspace


def _merged(
    workspace: Workspace, before: bytes | None, here: bytes | None, there: bytes | None
) -> bytes | None:
    if there in (before, here):
        return here
    if here == before:
        return there
    if here is None or there is None:
        return None
    merged, is_clean = merge_texts(workspace.repository.command, before or b"", here, there)
    return merged if is_clean else None


def _rules_above(file: str) -> list[str]:
    folders = file.split("/")[:-1]
    inner = ("/".join(folders[:count]) for count in range(1, len(folders) + 1))
    return [RULES_FILE, *(f"{folder}/{RULES_FILE}" for folder in inner)]
