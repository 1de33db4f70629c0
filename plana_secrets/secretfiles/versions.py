"""The secret files of one snapshot beside those of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.compare import (
    FileDifference,
    Version,
    compare_file,
)
from plana_secrets.document.comparerules import (
    RuleDifference,
    RuleEffect,
    compare_decisions,
    compare_rules,
)
from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    MissingFileError,
    UsageError,
)
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.open import check_sound, plain_first
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit, work_tree
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Structure
from plana_secrets.sops.rules.rulesfile import Rules

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Span:
    """From which commit to which. ``old`` None: from nothing; ``new`` None: to the work tree."""

    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs in a span. ``undecided``: files that no identity at hand opens.

    ``effects``: what the rules say now of the files of both ends.
    """

    span: Span
    files: tuple[FileDifference, ...]
    rules: tuple[RuleDifference, ...]
    undecided: int = 0
    effects: tuple[RuleEffect, ...] = ()

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
            old, new = (
                commit_named(repository, one or "HEAD"),
                commit_named(repository, other or "HEAD"),
            )
            return Span(repository.merge_base(old, new) if dots == "..." else old, new)
    return Span(commit_named(repository, text), None)


def commit_named(repository: Repository, revision: str) -> str:
    """The id of the commit that a person names.

    Raises:
        UsageError: there is none (kind ``no-such-revision``).
    """
    commit = repository.resolve(revision)
    if commit is None:
        raise UsageError(f"no such revision: {revision}", kind="no-such-revision")
    return commit


def compare_versions(workspace: Workspace, span: Span, *, only: Sequence[str] = ()) -> Difference:
    """Compare all secret files, or ``only`` some, between the two ends of a span."""
    new = work_tree(workspace) if span.new is None else at_commit(workspace, span.new)
    return compare_snapshots(at_commit(workspace, span.old), new, only=only)


def compare_snapshots(old: Snapshot, new: Snapshot, *, only: Sequence[str] = ()) -> Difference:
    """Compare the secret files, or ``only`` some, and the rules of two places."""
    named = {*old.secret_files, *new.secret_files, *new.absent}
    chosen = [file for file in old.differences(new) if file in named and (not only or file in only)]
    files: list[FileDifference] = []
    undecided = 0
    for start in range(0, len(chosen), _BATCH):
        batch = chosen[start : start + _BATCH]
        before, after = _versions(old, batch), _versions(new, batch)
        for file in batch:
            sides = before.get(file), after.get(file)
            undecided += any(map(_is_undecided, sides))
            files.append(compare_file(file, *sides))
    rules = () if only else tuple(_compare_rules(old, new))
    effects = _effects(old, new) if rules else ()
    return Difference(Span(old.commit, new.commit), tuple(files), rules, undecided, effects)


def _versions(snapshot: Snapshot, files: Sequence[str]) -> dict[str, Version]:
    """What some files say in one place; a few at a time, so that memory stays flat."""
    return {
        file: version_of(snapshot.workspace, file, content)
        for file, content in snapshot.contents(files)
        if not isinstance(content, MissingFileError)
    }


def _unreadable(error: FailedError) -> Version:
    return Version(Structure([], None), problem=error.message)


def _is_undecided(side: Version | None) -> bool:
    return side is not None and side.document is None and side.problem is None


def version_of(workspace: Workspace, file: str, data: bytes | FailedError) -> Version:
    """What the bytes of a file say, as far as our identities open it."""
    if isinstance(data, FailedError):
        return _unreadable(data)
    from plana_secrets.sops.reading.reader import open_document, read_structure

    structure = plain_first(read_structure(data, format_of(file)), data)
    try:
        check_sound(structure, file)
        return Version(structure, open_document(structure, workspace.identities))
    except CredentialError:
        return Version(structure)
    except MalformedError as error:
        return Version(structure, problem=error.message.removeprefix(f"{file}: "))


def _compare_rules(old: Snapshot, new: Snapshot) -> Iterator[RuleDifference]:
    """The rules at the root, and those of every folder above a secret file."""
    sides = [snapshot.rule_book for snapshot in (old, new)]
    for folder in sorted({"", *(rules.folder for book in sides for rules in book.known)}):
        none = Rules((), folder=folder)
        yield from compare_rules(*(book.in_folder(folder) or none for book in sides))


def _effects(old: Snapshot, new: Snapshot) -> tuple[RuleEffect, ...]:
    files = sorted({*old.secret_files} & {*new.secret_files})
    return compare_decisions(files, old.rule_book.rule_for, new.rule_book.rule_for)


ADVICE: Final = {
    "no-such-revision": "see `git log`; a shallow clone has only the newest commits",
}
