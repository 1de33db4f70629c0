"""The journal of a change of several files: on the disk before each effect.

It is in the git folder of this work tree, never in the work tree itself. The new
contents, complete ciphertexts, are staged beside it first; then one record a line says
what is intended and how far it got (``records``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plana_secrets import limits
from plana_secrets.errors import FailedError, IncompleteError, MissingFileError
from plana_secrets.git.repository import Repository
from plana_secrets.locks import is_held
from plana_secrets.secretfiles.state import shared_state_folder, state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.storage import (
    append_synced,
    digest_of,
    make_folder,
    read_regular_file,
    remove_tree,
    replace_file,
)

if TYPE_CHECKING:
    from plana_secrets.secretfiles.writing.records import Intent, Pending, Stage


class Journal:
    """The journal of one work tree. A writer holds the lock."""

    def __init__(self, repository: Repository) -> None:
        self._folder = state_folder(repository) / "journal"
        self._records = self._folder / "records"

    @property
    def path(self) -> Path:
        return self._records

    def read(self) -> Pending | None:
        """The change that is under way, or None.

        Raises:
            IncompleteError: it was damaged, not just cut short (kind ``damaged-journal``).
        """
        if not os.path.lexists(self._folder):
            return None
        if self._folder.is_symlink() or not self._folder.is_dir():
            raise damaged(self._folder, "not a folder")
        from plana_secrets.secretfiles.writing.records import LARGEST, Pending, Stage, decode

        try:
            return decode(read_regular_file(self._records, limit=LARGEST))
        except MissingFileError:
            pass
        except FailedError as error:
            raise damaged(self._records, error.message) from None
        except ValueError as error:
            raise damaged(self._records, str(error)) from None
        return Pending(None, Stage.BEGUN) if any(self._folder.iterdir()) else None

    def begin(self, intent: Intent, contents: Sequence[bytes | None]) -> None:
        """Stage the new contents, then say what is intended.

        Raises:
            FailedError: reading it back would be refused (kind ``too-large``), or it cannot
                be written.
        """
        from plana_secrets.secretfiles.writing.records import LARGEST, check_intent, encode_intent

        record = encode_intent(intent)
        if len(record) > LARGEST // 2:
            raise FailedError("too many files for one change", kind="too-large")
        check_intent(intent)
        self.clear()
        make_folder(self._folder, mode=0o700)
        for number, content in enumerate(contents):
            if content is not None:
                replace_file(self._folder / f"new-{number}", content, mode=0o600)
        append_synced(self._records, record)

    def advance(self, stage: Stage, *, commit: str | None = None) -> None:
        """Say that the effect of ``stage`` begins now."""
        from plana_secrets.secretfiles.writing.records import encode_stage

        append_synced(self._records, encode_stage(stage, commit))

    def staged_content(self, intent: Intent, number: int) -> bytes:
        """The new content of the file at this position of the intent.

        Raises:
            IncompleteError: it is not what was staged (kind ``damaged-journal``).
        """
        path = self._folder / f"new-{number}"
        try:
            content = read_regular_file(path, limit=limits.SECRET_FILE)
        except FailedError as error:
            raise damaged(path, error.message) from None
        if digest_of(content) != intent.files[number].new:
            raise damaged(path, "not the content that was staged")
        return content

    def clear(self) -> None:
        """The change is over. The records go first: without them the rest means nothing."""
        if self._folder.is_symlink() or not self._folder.is_dir():
            remove_tree(self._folder)
            return
        remove_tree(self._records)
        for path in sorted(self._folder.iterdir()):
            remove_tree(path)


def lock_path(repository: Repository) -> Path:
    """The lock that all work trees of a repository share."""
    return shared_state_folder(repository) / "lock"


def pending(workspace: Workspace) -> Pending | None:
    """The change that was interrupted in this work tree, or None; for those who only look.

    One that stopped before it had said what it intends has touched nothing and counts as
    none; one whose run still holds the lock is not interrupted: a hook of its own commit
    or push may be the one who asks.
    """
    found = Journal(workspace.repository).read()
    if found is None or found.intent is None or is_held(lock_path(workspace.repository)):
        return None
    return found


def stop_if_pending(workspace: Workspace) -> None:
    """For a command that must not work on a half-done change.

    Raises:
        IncompleteError: kind ``pending``.
    """
    found = pending(workspace)
    if found is not None:
        raise IncompleteError(
            f"an interrupted change is unfinished: {found.operation}",
            kind="pending",
            operation=found.operation,
        )


def damaged(path: Path, what: str) -> IncompleteError:
    """The error for a journal that we did not write, or that was damaged since."""
    return IncompleteError(
        f"the journal of an unfinished change is damaged: {path}: {what}",
        kind="damaged-journal",
        file=str(path),
    )


ADVICE: Final = {
    "damaged-journal": (
        "discard it with `plana-secrets recover --discard`, which leaves the files "
        "as they are; `git diff` then shows what the change had written"
    ),
    "pending": "finish or undo it with `plana-secrets recover`",
}
