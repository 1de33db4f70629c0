"""The secret files of a commit beside those of another, or of the work tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets import limits
from plana_secrets.document.compare import (
    FileDifference,
    RuleDifference,
    Version,
    compare_file,
    compare_rules,
)
from plana_secrets.errors import CredentialError, FailedError, MalformedError, UsageError
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.listing import list_secret_files, select_secret_files
from plana_secrets.secretfiles.open import check_sound, read_bytes_of
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Structure
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.storage import read_regular_file

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Span:
    """From which commit to which. ``old`` None: from nothing; ``new`` None: to the work tree."""

    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs in a span. ``undecided``: files that no identity at hand opens."""

    span: Span
    files: tuple[FileDifference, ...]
    rules: tuple[RuleDifference, ...]
    undecided: int = 0

    def __bool__(self) -> bool:
        return bool(self.files or self.rules)


def parse_span(repository: Repository, text: str | None) -> Span:
    """``A...B`` from the merge base of both to B, ``A..B`` from A, ``A`` to the work tree.

    Raises:
        UsageError: a revision does not exist (kind ``no-such-revision``).
    """
    if text is None:
        return Span(repository.head(), None)
    for dots in ("...", ".."):
        if dots in text:
            one, _, other = text.partition(dots)
            old, new = _commit(repository, one or "HEAD"), _commit(repository, other or "HEAD")
            return Span(repository.merge_base(old, new) if dots == "..." else old, new)
    return Span(_commit(repository, text), None)


def _commit(repository: Repository, revision: str) -> str:
    commit = repository.resolve(revision)
    if commit is None:
        raise UsageError(f"no such revision: {revision}", kind="no-such-revision")
    return commit


def compare_versions(workspace: Workspace, span: Span, *, only: Sequence[str] = ()) -> Difference:
    """Compare all secret files, or ``only`` some, between the two ends of a span."""
    old_ids, new_ids = _ids(workspace, span.old), _ids_of_new(workspace, span.new)
    chosen = [
        file
        for file in sorted(old_ids.keys() | new_ids.keys())
        if old_ids.get(file) != new_ids.get(file) and (not only or file in only)
    ]
    files: list[FileDifference] = []
    undecided = 0
    for start in range(0, len(chosen), _BATCH):
        batch = chosen[start : start + _BATCH]
        for file, old, new in _read_sides(workspace, span, batch, new_ids):
            undecided += _is_undecided(old) or _is_undecided(new)
            files.append(compare_file(file, old, new))
    rules = () if only else _compare_rules(workspace, span)
    return Difference(span, tuple(files), rules, undecided)


def _ids(workspace: Workspace, commit: str | None) -> dict[str, str]:
    if commit is None:
        return {}
    entries = workspace.repository.list_entries(commit, under=workspace.settings.roots)
    return {file: entries[file].id for file in select_secret_files(workspace.settings, entries)}


def _ids_of_new(workspace: Workspace, commit: str | None) -> dict[str, str]:
    if commit is not None:
        return _ids(workspace, commit)
    ids = ((file, _worktree_id(workspace, file)) for file in list_secret_files(workspace))
    return {file: blob for file, blob in ids if blob is not None}


def _worktree_id(workspace: Workspace, file: str) -> str | None:
    """The blob id of a file; what cannot be read is unlike any blob."""
    try:
        return workspace.repository.worktree_id(file)
    except FailedError as error:
        return error.kind


def _read_sides(
    workspace: Workspace, span: Span, files: Sequence[str], new_ids: Mapping[str, str]
) -> Iterator[tuple[str, Version | None, Version | None]]:
    """Both sides of each file; a few files at a time, so that memory stays flat."""
    repository = workspace.repository
    old_blobs = dict(repository.iterate_blobs(span.old, files)) if span.old else {}
    new_blobs = dict(repository.iterate_blobs(span.new, files)) if span.new else {}
    for file in files:
        before, after = old_blobs.get(file), new_blobs.get(file)
        old = None if before is None else _version(workspace, file, before)
        if span.new is None:
            yield file, old, _present(workspace, file) if file in new_ids else None
        else:
            yield file, old, None if after is None else _version(workspace, file, after)


def _present(workspace: Workspace, file: str) -> Version:
    try:
        return _version(workspace, file, read_bytes_of(workspace, file))
    except FailedError as error:
        return _unreadable(error)


def _unreadable(error: FailedError) -> Version:
    return Version(Structure([], None), problem=error.message)


def _is_undecided(side: Version | None) -> bool:
    return side is not None and side.document is None and side.problem is None


def _version(workspace: Workspace, file: str, data: bytes | FailedError) -> Version:
    if isinstance(data, FailedError):
        return _unreadable(data)
    from plana_secrets.sops.reading.reader import open_document, read_structure

    structure = read_structure(data, format_of(file))
    try:
        check_sound(structure, file)
        return Version(structure, open_document(structure, workspace.identities))
    except CredentialError:
        return Version(structure)
    except MalformedError as error:
        return Version(structure, problem=error.message.removeprefix(f"{file}: "))


def _compare_rules(workspace: Workspace, span: Span) -> tuple[RuleDifference, ...]:
    sides = []
    for commit, is_new in ((span.old, False), (span.new, True)):
        if commit is not None:
            content = workspace.repository.read_blob(commit, RULES_FILE)
        else:
            content = _rules_of_the_work_tree(workspace) if is_new else None
        sides.append(parse_rules(content or b""))
    return compare_rules(*sides)


def _rules_of_the_work_tree(workspace: Workspace) -> bytes | None:
    try:
        return read_regular_file(workspace.rules_path, limit=limits.RULES_FILE)
    except FailedError:
        return None


ADVICE: Final = {
    "no-such-revision": "see `git log`; a shallow clone has only the newest commits",
}
