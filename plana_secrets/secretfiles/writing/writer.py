"""How staged files get into place, together and through any crash.

A change of one file is one rename and needs no journal. A change of several, or one
that is committed, is written down first. Committing means here: the commit is written
beside the branch, pushed if that was asked for, and only then do the files and the
branch move. So a push that is refused has changed nothing, and a run that is killed
has left nothing, or something that the next run finishes or undoes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plana_secrets.errors import (
    ConflictError,
    FailedError,
    IncompleteError,
    MissingFileError,
    PlanaSecretsError,
)
from plana_secrets.git import commits
from plana_secrets.observability import NEW_DATA_KEY, Event
from plana_secrets.secretfiles.listing import may_be_changed
from plana_secrets.secretfiles.open import path_of
from plana_secrets.secretfiles.unmerged import refuse_unmerged
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.lock import discard_pending, leftovers, writing
from plana_secrets.secretfiles.writing.push import not_arrived, push_and_read_back
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Stage
from plana_secrets.secretfiles.writing.recovery import (
    digest_on_disk,
    put_in_place,
)
from plana_secrets.secretfiles.writing.stage import (
    StagedFile,
    stage_edits,
    stage_new,
    stage_removal,
)
from plana_secrets.storage import digest_of, read_regular_file

__all__ = [
    "CommitRequest",
    "StagedFile",
    "WriteResult",
    "discard_pending",
    "leftovers",
    "stage_edits",
    "stage_new",
    "stage_removal",
    "write_files",
    "writing",
]


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """Commit the change, and with ``push`` move ``branch`` of the remote to it.

    ``branch``: by default the branch that is checked out, or with a detached HEAD the
    remote's default branch. ``lease``: where that branch must be, see
    ``remotes.push_commit``. ``base``: where HEAD must be. ``moment``: the commit's date.
    ``keep``: whether the commit stays here if the remote is found not to have it.
    """

    message: str
    push: bool = False
    branch: str | None = None
    lease: str | None = None
    base: str | None = None
    moment: datetime | None = None
    keep: bool = True


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What was written. ``commit`` is the id of the commit, if one was asked for.

    ``arrived``: whether the remote's branch was seen to have it after a push; None: it
    was not pushed, or the remote took it and could not be asked.
    """

    files: tuple[str, ...]
    commit: str | None = None
    arrived: bool | None = None


def write_files(
    workspace: Workspace,
    staged: Sequence[StagedFile],
    *,
    operation: str,
    commit: CommitRequest | None = None,
    may_be_unmerged: bool = False,
) -> WriteResult:
    """Put all staged files in place, or none. Called inside ``writing``.

    Raises:
        UsageError: git has one of them in a merge conflict (kind ``merge-open``).
        ConflictError: a file changed since it was staged (kind ``changed-meanwhile``), or
            the branch did (``push-conflict``, ``branch-moved``), or the remote took a
            commit back that is not to be kept (``push-not-kept``); nothing was changed.
        FailedError: it could not be written or committed; nothing was changed. With a
            commit, a file that differs from HEAD already is refused (kind
            ``uncommitted-changes``): the commit would carry more than the change.
        UnavailableError: the remote cannot be reached; nothing was changed.
        IncompleteError: it stopped in the middle, and ``recover`` goes on.
    """
    changes = [one for one in staged if one.is_change]
    if not changes:
        return WriteResult(())
    if not may_be_unmerged:
        refuse_unmerged(workspace, [one.file for one in changes])
    before = _read_unchanged(workspace, changes)
    if len(changes) == 1 and commit is None:
        put_in_place(workspace, changes[0].file, changes[0].content)
        result = WriteResult((changes[0].file,))
    else:
        _refuse_strange(workspace, changes)
        result = _Change(workspace, changes, before, operation, commit).run()
    for one in changes:
        if one.former:
            workspace.observer(
                Event(NEW_DATA_KEY, {"file": one.file, "former": " ".join(one.former)})
            )
    return result


def _read_unchanged(workspace: Workspace, changes: Sequence[StagedFile]) -> list[bytes | None]:
    """The present contents, once more compared with what the changes started from."""
    contents: list[bytes | None] = []
    for one in changes:
        try:
            content: bytes | None = read_regular_file(path_of(workspace, one.file), name=one.file)
        except MissingFileError:
            content = None
        if (None if content is None else digest_of(content)) != one.old_digest:
            raise _conflict(one)
        contents.append(content)
    return contents


def _refuse_strange(workspace: Workspace, changes: Sequence[StagedFile]) -> None:
    """What a recovery would not accept is not begun."""
    for one in changes:
        if not may_be_changed(workspace, one.file):
            raise FailedError(
                f"{one.file} is not a secret file", kind="not-a-secret-file", file=one.file
            )


def _conflict(one: StagedFile) -> ConflictError:
    if one.old_digest is None:
        return ConflictError(
            f"{one.file} already exists", kind="file-exists", retry=False, file=one.file
        )
    return ConflictError(
        f"{one.file} was changed by another program in the meantime",
        kind="changed-meanwhile",
        file=one.file,
    )


class _Change:
    """One journalled change on its way."""

    def __init__(
        self,
        workspace: Workspace,
        changes: Sequence[StagedFile],
        before: Sequence[bytes | None],
        operation: str,
        request: CommitRequest | None,
    ) -> None:
        self._workspace = workspace
        self._repository = workspace.repository
        self._changes = changes
        self._before = before
        self._request = request
        self._journal = Journal(workspace.repository)
        self._intent = self._make_intent(operation)
        self._commit: str | None = None
        self._arrived: bool | None = None

    @property
    def _files(self) -> list[str]:
        return [one.file for one in self._changes]

    def _make_intent(self, operation: str) -> Intent:
        files = tuple(
            IntendedFile(one.file, one.old_digest, one.new_digest) for one in self._changes
        )
        request = self._request
        if request is None:
            return Intent(operation, str(self._workspace.root), files)
        return Intent(
            operation,
            str(self._workspace.root),
            files,
            base=self._repository.head(),
            branch=self._repository.branch(),
            commit=True,
            push=self._push_target(request),
            message=request.message,
        )

    def _push_target(self, request: CommitRequest) -> str | None:
        if not request.push:
            return None
        self._repository.require_remote()
        target = request.branch or self._repository.branch() or self._repository.default_branch()
        if target is None:
            raise FailedError("there is no branch to push to", kind="no-branch")
        return target

    def run(self) -> WriteResult:
        if self._request is not None:
            self._check_committable(self._request, self._intent.base)
        with self._forgotten_on_failure():
            self._journal.begin(self._intent, [one.content for one in self._changes])
            self._build()
        if self._request is not None and self._intent.push:
            self._push(self._request, self._intent.push)
        self._put_all_in_place()
        self._journal.clear()
        return WriteResult(tuple(self._files), self._commit, self._arrived)

    @contextlib.contextmanager
    def _forgotten_on_failure(self) -> Iterator[None]:
        """For the steps before the first effect: an error there leaves nothing to recover."""
        try:
            yield
        except PlanaSecretsError:
            self._journal.clear()
            raise

    def _incomplete(self, cause: PlanaSecretsError) -> IncompleteError:
        """For the steps after which there is no way back."""
        return IncompleteError(
            f"stopped in the middle: {cause.message}",
            kind="pending",
            operation=self._intent.operation,
        )

    def _check_committable(self, request: CommitRequest, base: str | None) -> None:
        """The commit is to hold this change and nothing that was lying about."""
        if request.base is not None and request.base != base:
            raise ConflictError("the branch was moved by another run", kind="branch-moved")
        for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "rebase-merge", "rebase-apply"):
            if (self._repository.git_dir / name).exists():
                raise FailedError("a merge or rebase is under way", kind="git-busy")
        committed = self._repository.read_blobs(base, self._files) if base else {}
        for file, content in zip(self._files, self._before, strict=True):
            if committed.get(file) != content:
                raise FailedError(
                    f"{file} has uncommitted changes",
                    kind="uncommitted-changes",
                    file=file,
                )

    def _build(self) -> None:
        if self._request is None:
            return
        contents = {one.file: one.content for one in self._changes}
        self._commit = commits.build_commit(
            self._repository.command,
            contents,
            self._intent.message,
            parent=self._intent.base,
            moment=self._request.moment,
            author=self._repository.author,
        )
        self._journal.advance(Stage.BUILT, commit=self._commit)

    def _push(self, request: CommitRequest, branch: str) -> None:
        with self._forgotten_on_failure():
            self._journal.advance(Stage.PUSHING)
        try:
            self._arrived = push_and_read_back(
                self._repository, self._commit or "HEAD", branch=branch, lease=request.lease
            )
        except IncompleteError:
            raise
        except PlanaSecretsError:
            self._journal.clear()
            raise
        if self._arrived is False and not request.keep:
            self._journal.clear()
            raise not_arrived(branch, seen=False, kept=False)
        try:
            self._journal.advance(Stage.PUSHED)
        except FailedError as error:
            raise self._incomplete(error) from None

    def _put_all_in_place(self) -> None:
        git = self._repository.command
        try:
            self._journal.advance(Stage.REPLACING)
            for one in self._changes:
                put_in_place(self._workspace, one.file, one.content)
            if self._commit is not None:
                commits.move_head(git, self._commit, expected=self._intent.base)
        except PlanaSecretsError as error:
            self._undo(error)
            raise
        try:
            if self._commit is not None:
                commits.refresh_index(git, self._commit, self._files)
        except PlanaSecretsError as error:
            raise self._incomplete(error) from None

    def _undo(self, cause: PlanaSecretsError) -> None:
        """Put the old contents back, unless others have seen the new ones already."""
        if self._intent.push:
            raise self._incomplete(cause) from None
        try:
            for one, content in zip(self._changes, self._before, strict=True):
                if digest_on_disk(self._workspace, one.file) != one.old_digest:
                    put_in_place(self._workspace, one.file, content)
            self._journal.clear()
        except PlanaSecretsError:
            raise self._incomplete(cause) from None


ADVICE: Final = {
    "changed-meanwhile": "run it again",
    "git-busy": "finish it or abort it first",
    "no-branch": "set [git] branch in plana-secrets.toml",
    "uncommitted-changes": "commit them or undo them first",
}
