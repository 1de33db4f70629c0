"""What a commit of the range had and a later one took away: it is in the history all the same."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from plana_secrets import limits
from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.errors import FailedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.ranges import History, NewFile
from plana_secrets.secretfiles.discovery import carries_sops, is_exempt
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.names import twins_of_roots
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Severity
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.verify.beside import as_beside, is_judged, is_named, is_to_be_encrypted
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.identities import (
    check_file_names,
    identity_search,
    may_hold_identity,
)
from plana_secrets.verify.checks.leaks import check_leaks
from plana_secrets.verify.checks.typed import check_typed, is_read_by_all
from plana_secrets.verify.filecheck import FileJob, check_content
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.people import names_of
from plana_secrets.verify.ranges.content import readers
from plana_secrets.verify.staged import check_stored

LEAKS: Final = frozenset(
    {
        "not-sops", "not-encrypted", "not-canonical", "stray-ciphertext", "ambiguous-scalar",
        "plain-comment", "plaintext-secret", "not-a-secret-file", "unread-format", "yaml",
        "metadata", "stanza", "key-service", "selector-differs", "selector-not-allowed",
        "unencrypted-suffix", "manifest-shape", "manifest-last-applied", "value-in-key-name",
        "bad-key-name", "private-identity", "demo-recipient", "too-large",
    }
)  # fmt: skip
"""The errors that say that something can be read, or may be: they stay true of a commit."""


_LIKELY: Final = frozenset({"plaintext-key", "plaintext-dotenv", "typed-secret"})
"""The warnings that say so."""


@dataclass(frozen=True, slots=True)
class Middle:
    """``jobs``: by which rules and settings a commit is judged. ``named``: known recipients.

    The snapshots ``old`` and ``new`` are the two ends: what is in them is checked there.
    """

    old: Snapshot
    new: Snapshot
    jobs: Callable[[str], Sequence[FileJob]]
    named: frozenset[str]

    def check(self, history: History) -> Iterator[Finding]:
        """Each content of each file once, by the first commit that wrote it; one git reads all."""
        yield from self._check_names(history)
        places = self._places(history)
        command = self.new.tree.repository.command
        for blob, content in iterate_contents(command, list(places), limit=limits.SEARCHED_FILE):
            for one in places[blob]:
                if one.entry.is_link:
                    yield from self._judge_link(one, content)
                else:
                    yield from self._judge(one, content)

    def secret_beside(self, history: History) -> Iterator[str]:
        """The secret files beside the roots that a commit between the ends had."""
        settings = self.new.settings
        places = self._places(history)
        beside = {
            blob: [one for one in files if not is_under_roots(settings, one.file)]
            for blob, files in places.items()
        }
        wanted = [blob for blob, files in beside.items() if files]
        command = self.new.tree.repository.command
        for blob, content in iterate_contents(command, wanted, limit=limits.SEARCHED_FILE):
            held = content if isinstance(content, bytes) else b""
            for one in beside[blob]:
                snapshots = (job.snapshot for job in self.jobs(one.commit))
                if any(_is_secret_beside(snapshot, one.file, held) for snapshot in snapshots):
                    yield one.file

    def _places(self, history: History) -> dict[str, list[NewFile]]:
        ends = (self.old.tree.listing().entries, self.new.tree.listing().entries)
        first: dict[tuple[str, str], NewFile] = {}
        for one in history.written:  # newest first: what is set last is the oldest
            same = any(end.get(one.file) == one.entry for end in ends)
            if not (one.entry.is_submodule or same):
                first[one.file, one.entry.id] = one
        places: dict[str, list[NewFile]] = {}
        for one in first.values():
            places.setdefault(one.entry.id, []).append(one)
        return places

    def _judge(self, one: NewFile, content: bytes | FailedError) -> Iterator[Finding]:
        seen: set[tuple[str, int | None, str | None]] = set()
        for job in self.jobs(one.commit):
            for finding in _leaks(job, one.file, content):
                key = (finding.check, finding.line, finding.path)
                if key not in seen:
                    seen.add(key)
                    yield _in_commit(one, finding)
        if isinstance(content, bytes):
            yield from self._check_readers(one, content)

    def _check_names(self, history: History) -> Iterator[Finding]:
        """Identities in names, which are not shown; what is there at the end is checked there."""
        names = {one.file: one for one in history.written}  # newest first: the oldest stays
        if not may_hold_identity(os.fsencode("\n".join(names))):
            return
        still = self.new.tree.listing().entries
        for one in names.values():
            if one.file in still:
                continue
            for finding in check_file_names([one.file], partial(identities_in, self._job(one))):
                yield replace(_in_commit(one, finding), file=None, line=None)

    def _judge_link(self, one: NewFile, target: bytes | FailedError) -> Iterator[Finding]:
        """Where a symlink leads to can be read like any content."""
        inside = is_under_roots(self.new.settings, one.file)
        text = target if isinstance(target, bytes) else b""
        for finding in identities_in(self._job(one), one.file, text, inside=inside):
            yield _in_commit(one, finding)
        if inside and not self._leads_to_a_file(one.file, os.fsdecode(text)):
            words = "a symlink to what was no file of this repository"
            yield _in_commit(one, found("file-kind", words, file=one.file))

    def _leads_to_a_file(self, link: str, target: str) -> bool:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        ends = (end.tree.listing((place,)) for end in (self.old, self.new))
        return any(end.entries for end in ends)

    def _job(self, one: NewFile) -> FileJob:
        return self.jobs(one.commit)[0]

    def _check_readers(self, one: NewFile, content: bytes) -> Iterator[Finding]:
        if not carries_sops(one.file, content):
            return
        actual = _readers_of(one.file, content)
        added = actual - self.named - self._allowed(one.file, actual) if actual else frozenset()
        if added:
            policy = self._job(one).policy
            words = f"encrypted for {names_of(added, policy)}"
            problem = found("recipient-added", words, file=one.file)
            yield _in_commit(one, problem)

    def _allowed(self, file: str, actual: frozenset[str]) -> frozenset[str]:
        """Who may read a file by the rules at both ends; without a rule, who read it at the base.

        A new file without a rule is encrypted as its owner likes.
        """
        rules = [rule for end in (self.old, self.new) if (rule := end.rule_for(file))]
        if not rules and file in self.old.tree.listing().entries:
            ((_, old),) = self.old.contents([file])
            return _readers_of(file, old) if isinstance(old, bytes) else frozenset()
        if not rules and not is_under_roots(self.new.settings, file):
            return actual
        return frozenset(canonical_recipient(one) for rule in rules for one in rule.recipients)


def _readers_of(file: str, content: bytes) -> frozenset[str]:
    return readers(read_structure(content, format_of(file)))


def _leaks(job: FileJob, file: str, content: bytes | FailedError) -> Iterator[Finding]:
    is_large = isinstance(content, FailedError) or len(content) > limits.READABLE_FILE
    if is_large and is_under_roots(job.snapshot.settings, file):
        limit = limits.in_words(limits.READABLE_FILE)
        yield found("too-large", f"larger than {limit}", file=file)
        return
    if isinstance(content, FailedError):
        return
    for one in _check(job, file, content):
        if one.check in _LIKELY or (one.check in LEAKS and one.severity is Severity.ERROR):
            yield one


def _check(job: FileJob, file: str, content: bytes) -> Iterator[Finding]:
    settings = job.snapshot.settings
    inside = is_under_roots(settings, file)
    if inside or twins_of_roots([file], settings.roots):
        yield from check_stored(job, file, content) if content else ()
    elif _is_secret_beside(job.snapshot, file, content):
        yield from as_beside(job.snapshot, check_content(job, file, content)).findings
    elif is_judged(job.snapshot, file):
        yield from check_leaks(file, content)
    if is_read_by_all(file):
        yield from check_typed(file, content)
    yield from identities_in(job, file, content, inside=inside)


def _is_secret_beside(snapshot: Snapshot, file: str, content: bytes) -> bool:
    if carries_sops(file, content):
        return not is_exempt(snapshot.settings, file)
    return is_named(snapshot, file) and is_to_be_encrypted(snapshot, file, content)


def identities_in(job: FileJob, file: str, content: bytes, *, inside: bool) -> Iterator[Finding]:
    """Private identities in a content, by the rules and recipients of a job."""
    if not may_hold_identity(content):
        return
    find = identity_search(job.policy, job.snapshot.rule_book.known)
    yield from find(file, content, inside=inside)


def _in_commit(one: NewFile, finding: Finding) -> Finding:
    words = f"{finding.message} ({finding.check}); a later commit removed it"
    severity = finding.severity
    problem = found("plaintext-in-commit", words, file=one.file, severity=severity)
    return replace(problem, line=finding.line, path=finding.path, commit=one.commit)
