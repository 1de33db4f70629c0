"""What one secret file was: its changes commit by commit, and the file at a commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.compare import FileDifference, Version, compare_file
from plana_secrets.errors import FailedError, MissingFileError, UsageError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.filelog import FileCommit, log_of_file, names_of_file
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit
from plana_secrets.secretfiles.versions import version_of
from plana_secrets.secretfiles.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Change:
    """A commit, and what it changed in the file."""

    commit: FileCommit
    difference: FileDifference


def changes_of(workspace: Workspace, file: str) -> Iterator[Change]:
    """The changes that led to HEAD, newest first; through renames.

    Raises:
        UsageError: no commit has the file (kind ``no-history``).
    """
    repository = workspace.repository
    head = repository.head()
    commits = list(log_of_file(repository.command, file, head)) if head else []
    if not commits:
        raise UsageError(f"no commit has {file}", kind="no-history", file=file)
    versions = _versions(workspace, commits)
    for one in commits:
        sides = (versions.get(one.old_id or ""), versions.get(one.new_id or ""))
        yield Change(one, compare_file(one.file, *sides))


def _versions(workspace: Workspace, commits: list[FileCommit]) -> dict[str, Version]:
    names = {one.new_id: one.file for one in commits if one.new_id}
    names |= {one.old_id: one.old_file or one.file for one in commits if one.old_id}
    return {
        blob: version_of(workspace, names[blob], content)
        for blob, content in iterate_contents(workspace.repository.command, list(names))
    }


def find_at(workspace: Workspace, file: str, revision: str) -> tuple[Snapshot, str]:
    """The secret files at a revision, and the name that ``file`` had there.

    Raises:
        UsageError: there is no such revision (kind ``no-such-revision``), or no such file in
            it (kind ``not-at-revision``).
    """
    repository = workspace.repository
    commit, head = repository.resolve(revision), repository.head()
    if commit is None or head is None:
        raise UsageError(f"no such revision: {revision}", kind="no-such-revision")
    snapshot = at_commit(workspace, commit)
    for name in _names(workspace, file, head):
        try:
            snapshot.read(name)
        except MissingFileError:
            continue
        except FailedError:
            pass  # reading it says why it cannot be read
        return snapshot, name
    raise UsageError(f"no {file} at {revision}", kind="not-at-revision", file=file)


def _names(workspace: Workspace, file: str, head: str) -> Iterator[str]:
    """The present name first: finding the others takes a walk through the history."""
    yield file
    yield from names_of_file(workspace.repository.command, file, head)[1:]


ADVICE: Final = {
    "no-history": "commit it first; `git log --all -- {file}` searches the other branches",
    "not-at-revision": "`plana-secrets log {file}` shows the commits that have it",
}
