"""What becomes of a change that was interrupted.

``plan_recovery`` decides from the journal and the facts alone. Before the first effect
a change is forgotten. After it, a change of files alone is finished, and so is one that
was pushed, for others have seen it. One that was to be committed here is undone as long
as HEAD does not hold it: the commit may say when it was written, and written later it would
say so too early. Finishing and undoing can be repeated: what is done already is seen by
its digest and left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from plana_secrets.errors import FailedError, IncompleteError, MissingFileError, PlanaSecretsError
from plana_secrets.git import commits
from plana_secrets.git.repository import Repository
from plana_secrets.observability import Event
from plana_secrets.secretfiles.discovery import is_rules_file
from plana_secrets.secretfiles.listing import may_be_changed
from plana_secrets.secretfiles.open import check_sound, path_of
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.journal import Journal, damaged
from plana_secrets.secretfiles.writing.records import Intent, Pending, Stage
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.storage import (
    digest_of,
    make_folder,
    read_regular_file,
    remove_file,
    replace_file,
)


class Head(StrEnum):
    """Where HEAD is, compared with the change. Contains: under this commit id or another."""

    BASE = "base"
    COMMIT = "commit"
    CONTAINS = "contains"
    ELSEWHERE = "elsewhere"
    OTHER_BRANCH = "other-branch"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the recovery is decided from, besides the journal.

    ``landed``: whether the remote has the commit; None: it cannot be asked.
    ``foreign``: the journal belongs to a work tree that still exists elsewhere.
    """

    digests: Mapping[str, str | None] = field(default_factory=dict)
    head: Head = Head.BASE
    landed: bool | None = None
    foreign: bool = False


Adoption = Literal["none", "move", "index"]


@dataclass(frozen=True, slots=True)
class Recovery:
    """``files``: what is still to be put in place, or back. ``adoption``: what is left for git.

    ``operation``: which change it was, when it is done.
    """

    action: Literal["nothing", "forget", "finish", "undo", "blocked"]
    files: tuple[str, ...] = ()
    adoption: Adoption = "none"
    reason: str = ""
    operation: str | None = None


def plan_recovery(pending: Pending | None, facts: Facts) -> Recovery:
    """What to do about a pending change. Pure."""
    if pending is None:
        return Recovery("nothing")
    if facts.foreign:
        return Recovery("blocked", reason="it belongs to another working tree")
    intent, stage = pending.intent, pending.stage
    if intent is None or stage in {Stage.BEGUN, Stage.BUILT}:
        return Recovery("forget")
    if stage is Stage.PUSHING:
        if facts.landed is None:
            return Recovery("blocked", reason="the remote cannot be asked whether the push arrived")
        if not facts.landed:
            return Recovery("forget")
    return _plan_effects(intent, facts)


def _plan_effects(intent: Intent, facts: Facts) -> Recovery:
    expected = {one.file: (one.old, one.new) for one in intent.files}
    strange = [file for file, both in expected.items() if facts.digests.get(file) not in both]
    if strange:
        names = ", ".join(strange)
        return Recovery("blocked", reason=f"changed by another program in the meantime: {names}")
    if intent.commit and facts.head is Head.OTHER_BRANCH:
        place = f"the branch {intent.branch}" if intent.branch else "a detached HEAD"
        return Recovery("blocked", reason=f"it belongs to {place}, which is not checked out")
    is_ours_alone = intent.commit and not intent.push
    if is_ours_alone and facts.head in {Head.BASE, Head.ELSEWHERE}:
        made = (file for file, (old, _new) in expected.items() if facts.digests.get(file) != old)
        return Recovery("undo", tuple(made))
    open_files = tuple(
        file for file, (_old, new) in expected.items() if facts.digests.get(file) != new
    )
    if intent.push and facts.head is Head.ELSEWHERE and len(open_files) == len(expected):
        # The remote has it and the branch went another way: the next pull brings it.
        return Recovery("forget")
    adoptions: dict[Head, Adoption] = {Head.BASE: "move", Head.COMMIT: "index"}
    adoption = adoptions.get(facts.head, "none") if intent.commit else "none"
    return Recovery("finish", open_files, adoption)


def finish_pending(workspace: Workspace) -> Recovery:
    """Finish or undo an interrupted change; the caller holds the lock.

    Raises:
        IncompleteError: it cannot be decided or done (kind ``blocked``).
    """
    journal = Journal(workspace.repository)
    pending = journal.read()
    if pending is None:
        return Recovery("nothing")
    _check_names(workspace, journal, pending)
    recovery = plan_recovery(pending, _gather_or_stop(workspace, pending))
    if recovery.action == "blocked":
        raise IncompleteError(
            f"an interrupted change ({pending.operation}) is unfinished: {recovery.reason}",
            kind="blocked",
            operation=pending.operation,
        )
    if pending.intent is not None and recovery.action in {"finish", "undo"}:
        _act(workspace, journal, pending, recovery)
    journal.clear()
    workspace.observer(Event(f"recovery-{recovery.action}", {"operation": pending.operation}))
    return replace(recovery, operation=pending.operation)


def _check_names(workspace: Workspace, journal: Journal, pending: Pending) -> None:
    """A journal with a file that none of our changes can include is not ours."""
    for one in pending.intent.files if pending.intent else ():
        if not may_be_changed(workspace, one.file):
            raise damaged(journal.path, f"{one.file} is not a secret file")


def _gather_or_stop(workspace: Workspace, pending: Pending) -> Facts:
    try:
        return gather_facts(workspace, pending)
    except FailedError as error:
        raise IncompleteError(
            f"an interrupted change ({pending.operation}) is unfinished: {error.message}",
            kind="blocked",
            operation=pending.operation,
        ) from None


def gather_facts(workspace: Workspace, pending: Pending) -> Facts:
    """Look at the disk, at HEAD, and, only if a push was under way, at the remote."""
    if pending.intent is None:
        return Facts()
    intent = pending.intent
    foreign = intent.root != str(workspace.root) and Path(intent.root).exists()
    digests = {one.file: digest_on_disk(workspace, one.file) for one in intent.files}
    landed = _has_landed(workspace, pending) if pending.stage is Stage.PUSHING else None
    return Facts(digests, _find_head(workspace, pending, intent), landed, foreign)


def digest_on_disk(workspace: Workspace, file: str) -> str | None:
    """The digest of a file as it is now, None where there is none."""
    try:
        return digest_of(read_regular_file(path_of(workspace, file), name=file))
    except MissingFileError:
        return None


def _find_head(workspace: Workspace, pending: Pending, intent: Intent) -> Head:
    repository = workspace.repository
    if not intent.commit or pending.commit is None:
        return Head.BASE
    if repository.branch() != intent.branch:
        return Head.OTHER_BRANCH
    head = repository.head()
    if head == intent.base:
        return Head.BASE
    if head == pending.commit:
        return Head.COMMIT
    if head is not None and (
        repository.is_ancestor(pending.commit, head) or _holds(repository, head, intent)
    ):
        return Head.CONTAINS
    return Head.ELSEWHERE


def _holds(repository: Repository, head: str, intent: Intent) -> bool:
    """Whether ``head`` has the new contents: the commit was amended, or a person committed it."""
    contents = repository.read_blobs(head, [one.file for one in intent.files])
    return all(_digest(contents[one.file]) == one.new for one in intent.files)


def _digest(content: bytes | None) -> str | None:
    return None if content is None else digest_of(content)


def _has_landed(workspace: Workspace, pending: Pending) -> bool | None:
    if pending.intent is None or pending.intent.push is None or pending.commit is None:
        return False
    try:
        tip = workspace.repository.fetch(branch=pending.intent.push)
    except PlanaSecretsError:
        return None
    return tip is not None and workspace.repository.is_ancestor(pending.commit, tip)


def _act(workspace: Workspace, journal: Journal, pending: Pending, recovery: Recovery) -> None:
    try:
        if recovery.action == "undo":
            _undo(workspace, pending, recovery.files)
        else:
            _finish(workspace, journal, pending, recovery)
    except FailedError as error:
        words = "undone" if recovery.action == "undo" else "finished"
        raise IncompleteError(
            f"an interrupted change ({pending.operation}) cannot be {words}: {error.message}",
            kind="blocked",
            operation=pending.operation,
        ) from None


def _undo(workspace: Workspace, pending: Pending, files: Sequence[str]) -> None:
    """Put back what the base commit holds: only what equalled it was going to be changed."""
    intent = pending.intent
    if intent is None:
        return
    before: Mapping[str, bytes | None] = dict.fromkeys(files)
    if intent.base is not None:
        before = workspace.repository.read_blobs(intent.base, files)
    old = {one.file: one.old for one in intent.files}
    for file in files:
        if _digest(before[file]) != old[file]:
            raise FailedError(f"{file} was different in the previous commit", kind="lost-content")
        put_in_place(workspace, file, before[file])


def _finish(workspace: Workspace, journal: Journal, pending: Pending, recovery: Recovery) -> None:
    intent = pending.intent
    if intent is None:
        return
    contents = _staged_contents(journal, intent, recovery.files)
    if recovery.adoption != "none" and pending.commit is not None:
        _check_commit(workspace.repository, journal, intent, pending.commit)
    if pending.stage < Stage.REPLACING:
        journal.advance(Stage.REPLACING)
    for file, content in contents.items():
        put_in_place(workspace, file, content)
    if recovery.adoption != "none" and pending.commit is not None:
        command = workspace.repository.command
        if recovery.adoption == "move":
            commits.move_head(command, pending.commit, expected=intent.base)
        commits.refresh_index(command, pending.commit, [one.file for one in intent.files])


def _staged_contents(
    journal: Journal, intent: Intent, files: Sequence[str]
) -> dict[str, bytes | None]:
    """What is to be put in place, all of it checked before the first is written."""
    contents: dict[str, bytes | None] = {}
    for number, one in enumerate(intent.files):
        if one.file not in files:
            continue
        content = None if one.new is None else journal.staged_content(intent, number)
        if content is not None and one.file != SETTINGS_FILE:
            check = _check_rules if is_rules_file(one.file) else _check_encrypted
            check(journal, one.file, content)
        contents[one.file] = content
    return contents


def _check_encrypted(journal: Journal, file: str, content: bytes) -> None:
    from plana_secrets.sops.formats import format_of
    from plana_secrets.sops.reading.reader import read_structure

    try:
        check_sound(read_structure(content, format_of(file)), file)
    except FailedError as error:
        raise damaged(journal.path, error.message) from None


def _check_rules(journal: Journal, file: str, content: bytes) -> None:
    if parse_rules(content).is_unreadable:
        raise damaged(journal.path, f"{file} would not be readable")


def _check_commit(repository: Repository, journal: Journal, intent: Intent, commit: str) -> None:
    """The branch moves only to a commit that is this change and nothing else."""
    parents, files = commits.describe(repository.command, commit)
    made = repository.read_blobs(commit, [one.file for one in intent.files])
    if parents != ([intent.base] if intent.base else []) or files != set(made):
        raise damaged(journal.path, "its commit is another change")
    if any(_digest(made[one.file]) != one.new for one in intent.files):
        raise damaged(journal.path, "its commit has other contents")


def put_in_place(workspace: Workspace, file: str, content: bytes | None) -> None:
    """The one place where a secret file of the work tree is written or removed."""
    path = path_of(workspace, file)
    if content is None:
        remove_file(path)
    else:
        make_folder(path.parent)
        replace_file(path, content)
    workspace.observer(Event("file-replaced", {"file": file}))


ADVICE: Final = {
    "blocked": (
        "fix that and run `plana-secrets recover`, or keep the files as they are "
        "with `plana-secrets recover --discard`"
    ),
    "lost-content": (
        "keep the files as they are with `plana-secrets recover --discard`; `git log "
        "-p` shows earlier versions"
    ),
}
