"""The journal of a change of several files: on the disk before each effect.

It lies in the git folder of this work tree, never in the work tree itself. The new
contents, complete ciphertexts, are staged beside it first; then one record a line says
what is intended and how far it got. A record counts only when its checksum fits and it
ends with a newline, so a line that was torn by a crash was never written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from plana_secrets.errors import FailedError, IncompleteError
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.storage import (
    append_synced,
    is_held,
    make_folder,
    read_regular_file,
    remove_file,
    replace_file,
)


class Stage(IntEnum):
    """How far a change got. Each is recorded before the effect that it names begins."""

    BEGUN = 1
    BUILT = 2
    PUSHING = 3
    PUSHED = 4
    REPLACING = 5


@dataclass(frozen=True, slots=True)
class IntendedFile:
    """A file, and the digests of its content before and after; None is no file."""

    file: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Intent:
    """What a change means to do.

    ``base`` and ``branch``: where HEAD was. ``commit``: whether it is committed;
    ``push``: the branch of the remote that it is pushed to.
    """

    operation: str
    root: str
    files: tuple[IntendedFile, ...]
    base: str | None = None
    branch: str | None = None
    commit: bool = False
    push: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A journal that was found. ``intent`` None: it stopped before anything was intended."""

    intent: Intent | None
    stage: Stage
    commit: str | None = None

    @property
    def operation(self) -> str:
        return self.intent.operation if self.intent else "a change"


def state_folder(repository: Repository) -> Path:
    """Where the state of this work tree is kept."""
    return repository.git_dir / "plana-secrets"


class Journal:
    """The journal of one work tree. Whoever writes to it holds the lock."""

    def __init__(self, repository: Repository) -> None:
        self._folder = state_folder(repository) / "journal"
        self._records = self._folder / "records"

    def read(self) -> Pending | None:
        """The change that is under way, or None.

        Raises:
            IncompleteError: it was damaged, not just cut short (kind ``damaged-journal``).
        """
        if not self._folder.is_dir() or not any(self._folder.iterdir()):
            return None
        pending = Pending(None, Stage.BEGUN)
        for record in self._lines():
            try:
                pending = _extend(pending, record)
            except (KeyError, TypeError, ValueError):
                raise _damaged(self._records) from None
        return pending

    def _lines(self) -> list[dict[str, Any]]:
        try:
            lines = read_regular_file(self._records).split(b"\n")
        except FailedError as error:
            if error.kind == "missing-file":
                return []
            raise
        records = [_parse(line) for line in lines[:-1]]
        whole = [record for record in records if record is not None]
        if None in records[:-1] or (records and records[-1] is None and lines[-1]):
            raise _damaged(self._records)
        return whole

    def begin(self, intent: Intent, contents: Sequence[bytes | None]) -> None:
        """Stage the new contents, then say what is intended."""
        self.clear()
        make_folder(self._folder, mode=0o700)
        for number, content in enumerate(contents):
            if content is not None:
                replace_file(self._folder / f"new-{number}", content, mode=0o600)
        self._append({"begin": asdict(intent)})

    def advance(self, stage: Stage, *, commit: str | None = None) -> None:
        """Say that the effect of ``stage`` begins now."""
        self._append({"stage": stage.name, **({"commit": commit} if commit else {})})

    def staged_content(self, number: int) -> bytes:
        """The new content of the file at this position of the intent."""
        return read_regular_file(self._folder / f"new-{number}")

    def clear(self) -> None:
        """The change is over. The records go first: without them the rest means nothing."""
        if not self._folder.is_dir():
            return
        remove_file(self._records)
        for path in sorted(self._folder.iterdir()):
            remove_file(path)

    def _append(self, record: dict[str, Any]) -> None:
        text = json.dumps(record, sort_keys=True).encode("ascii")
        append_synced(self._records, _checksum(text) + b" " + text + b"\n")


def lock_path(repository: Repository) -> Path:
    """The lock that all work trees of a repository share."""
    return repository.common_dir / "plana-secrets" / "lock"


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
    """For a command that must not work on a half-made change.

    Raises:
        IncompleteError: kind ``pending``.
    """
    found = pending(workspace)
    if found is not None:
        raise IncompleteError(
            f"an interrupted change is open: {found.operation}",
            kind="pending",
            operation=found.operation,
        )


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode("ascii")


def _parse(line: bytes) -> dict[str, Any] | None:
    checksum, _, text = line.partition(b" ")
    if checksum != _checksum(text):
        return None
    record: dict[str, Any] = json.loads(text)
    return record


def _extend(pending: Pending, record: dict[str, Any]) -> Pending:
    if "begin" in record:
        facts = dict(record["begin"])
        facts["files"] = tuple(IntendedFile(**one) for one in facts["files"])
        return Pending(Intent(**facts), Stage.BEGUN)
    return Pending(pending.intent, Stage[record["stage"]], record.get("commit", pending.commit))


def _damaged(path: Path) -> IncompleteError:
    return IncompleteError(
        f"the journal of an unfinished change is damaged: {path}", kind="damaged-journal"
    )
