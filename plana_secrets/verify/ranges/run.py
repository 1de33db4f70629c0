"""A run of ``verify`` over a range of commits.

The tree at the head is checked as any other; what its base already had is a warning. Then come
the contents that only commits between them have, and what differs between the two ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError
from plana_secrets.git.changes import changes
from plana_secrets.git.ranges import (
    History,
    ids_at,
    read_history,
    touched_files,
)
from plana_secrets.git.trees import Tree
from plana_secrets.observability import Observer, silent
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import READ_HERE, format_of
from plana_secrets.sops.model import RULES_FILE, Severity, Structure
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.verify.check import Level
from plana_secrets.verify.filecheck import FileJob
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policychange import Demanded, deployed_by_default
from plana_secrets.verify.ranges.access import Access, check_settings
from plana_secrets.verify.ranges.between import check_between
from plana_secrets.verify.ranges.content import Pair, compare_content, read_pair
from plana_secrets.verify.ranges.dropped import check_dropped
from plana_secrets.verify.ranges.inherited import Before, as_warning
from plana_secrets.verify.ranges.keysets import compare_keysets
from plana_secrets.verify.ranges.middle import Middle
from plana_secrets.verify.ranges.past import check_past, tags_in
from plana_secrets.verify.ranges.proposals import as_proposal
from plana_secrets.verify.ranges.said import Said, check_all_said
from plana_secrets.verify.ranges.signers import Signers, check_signatures
from plana_secrets.verify.ranges.terms import stricter
from plana_secrets.verify.ranges.workflows import check_workflows
from plana_secrets.verify.report import Report
from plana_secrets.verify.run import Demand, Examined, conclude, examine, with_doubts

_SHORT: Final = 12
"""Characters of a commit's id in words, as in the place of a finding."""

TermsIn = Callable[[Tree], Demanded]
"""The settings of a place; raises UsageError where they are malformed."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The commits of ``head`` that ``without`` has not; ``base`` is where they began.

    None for both of a range that has no beginning. With ``base`` None and no commits a tree is
    checked alone. ``remark``: how they were found. ``trusted``: the commit whose settings count,
    if it is not ``without``. ``known``: commits that need no check, as arguments of git-rev-list.
    ``is_proposal``: the head gets to no place that is deployed, so a person can still judge it.
    ``said``: what comes with the range beside its commits; None: what is in this clone.
    """

    without: str | None
    base: str | None
    head: str
    remark: str | None = None
    trusted: str | None = None
    known: tuple[str, ...] = ()
    is_proposal: bool = False
    said: tuple[Said, ...] | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """``trusted``: whose exceptions count. ``before``: what the head is compared with."""

    trusted: Demanded
    before: Demanded
    head: Demanded


def verify_range(
    workspace: Workspace,
    ends: Ends,
    terms_in: TermsIn,
    *,
    now: datetime,
    level: Level | None = None,
    may_be_empty: bool = False,
    observer: Observer = silent,
    workers: int | None = None,
) -> Report:
    """Check a range. ``may_be_empty``: see ``Demand``.

    Raises:
        UsageError: there is no secret file at the head (kind ``nothing-checked``), or its
            settings are malformed.
        FailedError: the clone is too shallow (kind ``shallow-range``).
    """
    with workspace.repository.command.collecting_warnings() as warnings:
        run = _Run(workspace, ends, _terms(workspace, ends, terms_in), terms_in, now, warnings)
        demand = Demand(policy=run.both.policy, level=level, may_be_empty=may_be_empty)
        examined = examine(run.new, demand, now=now, observer=observer, workers=workers)
        findings = list(run.findings(examined, demand))
        if ends.is_proposal:
            findings = [as_proposal(one) for one in findings]
        levels = {file: max(one, Level.L2) for file, one in examined.levels.items()}
        examined = replace(examined, findings=findings, levels=levels)
        report = conclude(examined, demand, now=now, remarks=tuple(run.remarks(examined)))
    return with_doubts(report, warnings)


def _terms(workspace: Workspace, ends: Ends, terms_in: TermsIn) -> Terms:
    head = terms_in(at_commit(workspace, ends.head).tree)
    chosen = ends.trusted
    trusted = terms_in(at_commit(workspace, chosen).tree) if chosen is not None else None
    if ends.base is None:
        known = trusted or head
        return Terms(known, known, head)
    before = _terms_of(workspace, ends.base, terms_in)
    if trusted is not None:
        return Terms(trusted, trusted, head)
    return Terms(_terms_of(workspace, ends.without, terms_in) or head, before or head, head)


def _terms_of(workspace: Workspace, commit: str | None, terms_in: TermsIn) -> Demanded | None:
    """None where they are malformed: a change may be what fixes them."""
    try:
        return terms_in(at_commit(workspace, commit).tree)
    except UsageError:
        return None


@dataclass(frozen=True)
class _Run:
    workspace: Workspace
    ends: Ends
    terms: Terms
    terms_in: TermsIn
    now: datetime
    doubts: list[str]
    """Why the answer may not be complete, whatever is found."""

    @cached_property
    def both(self) -> Demanded:
        proposed = self.ends.is_proposal
        return stricter(self.terms.trusted, self.terms.head, proposed=proposed)

    @cached_property
    def new(self) -> Snapshot:
        return at_commit(self.workspace, self.ends.head).under(self.both.files)

    @cached_property
    def old(self) -> Snapshot:
        return at_commit(self.workspace, self.ends.base).under(self.both.files)

    @cached_property
    def history(self) -> History:
        ends = self.ends
        return read_history(
            self.workspace.repository, ends.head, without=ends.without, known=ends.known
        )

    @cached_property
    def changed(self) -> dict[str, str]:
        return changes(self.old.tree, self.new.tree)

    @cached_property
    def access(self) -> Access:
        policy = self.terms.trusted.policy
        return Access(self.old.rule_for, self.new.rule_for, self._rules_file, policy)

    def _rules_file(self, file: str) -> str:
        rules = self.new.rule_book.rules_for(file)
        return rules.file if rules is not None else RULES_FILE

    def findings(self, examined: Examined, demand: Demand) -> Iterator[Finding]:
        pairs = list(self._pairs(examined.selection.secret))
        yield from self._of_head(examined.findings, demand, {one.file: one for one in pairs})
        yield from self._middle.check(self.history)
        job = FileJob(self.new, self.both.policy, Identities(()), self.now)
        commits, head = self.history.commits, self.ends.head
        yield from check_all_said(job, commits, head, self.ends.said)
        yield from self._signatures()
        yield from check_dropped(self.new, commits)
        for pair in pairs:
            yield from compare_content(pair)
            yield from self.access.check_file(pair)
        if self.ends.base is not None:
            added = self._added({one.file for one in pairs}, examined.selection.secret)
            yield from check_past(
                self.workspace.repository, self.ends.base, pairs, added, self.doubts
            )
            yield from check_between(self.old, self._at_the_base(examined), pairs)
        yield from self._policy(examined.selection.secret)

    def _signatures(self) -> Iterator[Finding]:
        """By the signers of the commit that is trusted, never by those of the head."""
        ends = self.ends
        trusted = ends.trusted or ends.without
        terms = _terms_of(self.workspace, trusted, self.terms_in) if trusted else None
        if terms is None or terms.policy.allowed_signers is None or not self.history.commits:
            return
        signers = Signers(at_commit(self.workspace, trusted), terms, self.both.files)
        repository = self.workspace.repository
        touched = touched_files(repository, ends.head, without=ends.without, known=ends.known)
        scattered = {*self.old.scattered, *self.new.scattered}
        scattered.update(self._middle.secret_beside(self.history))
        yield from check_signatures(signers, touched, scattered)

    def _policy(self, files: Sequence[str]) -> Iterator[Finding]:
        before, head, ends = self.terms.before, self.terms.head, (self.old, self.new)
        defaults = partial(deployed_by_default, self.workspace.repository)
        yield from check_settings(before, head, defaults)
        yield from check_workflows(self.old, self.new, self.changed)
        yield from compare_keysets(before, head, *(one.tree.listing().entries for one in ends))
        old, new = (one.rule_book for one in ends)
        for book in (old, new):
            book.prepare(files)
        yield from self.access.check_rules(files, old.known, new.known)

    # -- what the base already had

    def _of_head(
        self, findings: Sequence[Finding], demand: Demand, pairs: dict[str, Pair]
    ) -> Iterator[Finding]:
        written = {(one.file, one.entry.id): one.commit for one in reversed(self.history.written)}
        before = Before(self.old, self.new, demand, self.now, pairs.get)
        entries = self.new.tree.listing().entries
        for one in findings:
            entry = entries.get(one.file or "")
            commit = written.get((one.file or "", entry.id)) if entry else None
            if one.severity is Severity.ERROR and before.has(one):
                yield as_warning(one, "before this range, too")
            else:
                yield replace(one, commit=commit)

    # -- both ends of each file

    def _pairs(self, secret: Collection[str]) -> Iterator[Pair]:
        names = {file: file for file in self._files("changed") if file in secret}
        names.update(self._renamed([file for file in self._files("added") if file in secret]))
        before = dict(self.old.contents(list(names.values())))
        for file, content in self.new.contents(list(names)):
            pair = read_pair(file, names[file], before.get(names[file]), content)
            if pair is not None:
                yield pair

    def _added(self, paired: Collection[str], secret: Collection[str]) -> dict[str, Structure]:
        """The new secret files that are no old one by another name."""
        files = [one for one in self._files("added") if one in secret and one not in paired]
        return {
            file: read_structure(content, format_of(file))
            for file, content in self.new.contents(files)
            if isinstance(content, bytes)
        }

    def _files(self, change: str) -> list[str]:
        """Files that can be read here, by what became of them."""
        changed = (file for file, became in self.changed.items() if became == change)
        return [file for file in changed if format_of(file) in READ_HERE]

    def _at_the_base(self, examined: Examined) -> list[str]:
        """The secret files that the base has: they are still there, or the range changed them."""
        gone = {*self._files("changed"), *self._files("removed")}
        entries = self.old.tree.listing().entries
        return sorted(file for file in gone.union(examined.selection.secret) if file in entries)

    def _renamed(self, added: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Each new file with the name that it had before: they share a ciphertext."""
        gone = self._files("removed") if added else []
        owners = {
            tag: file
            for file, content in self.old.contents(gone)
            if isinstance(content, bytes)
            for tag in tags_in(content)
        }
        for file, content in self.new.contents(added) if owners else ():
            tags = tags_in(content) if isinstance(content, bytes) else set()
            shared = sorted(owners[tag] for tag in tags & owners.keys())
            if shared:
                yield file, max(shared, key=shared.count)

    # -- the commits between them

    @cached_property
    def _middle(self) -> Middle:
        fixed = [FileJob(self.new, self.both.policy, Identities(()), self.now)]
        if not any(_is_policy(one.file) for one in self.history.written):
            return Middle(self.old, self.new, lambda _: fixed, self.access.named)
        base = self._job_at(self.ends.base)
        policies = self._policies()
        known: dict[frozenset[tuple[str, str]], FileJob] = {}

        def jobs(commit: str) -> list[FileJob]:
            policy = policies[commit]
            if policy not in known:
                known[policy] = self._job_at(commit)
            return [known[policy], base, *fixed]

        return Middle(self.old, self.new, jobs, self.access.named)

    def _policies(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Which rules and settings each commit had, by their blobs."""
        written = self.history.written
        files = {*self.old.tree.listing().entries, *(one.file for one in written)}
        commits = [*dict.fromkeys(one.commit for one in written)]
        repository = self.workspace.repository
        return ids_at(repository, commits, sorted(filter(_is_policy, files)))

    def _job_at(self, commit: str | None) -> FileJob:
        terms = _terms_of(self.workspace, commit, self.terms_in) or self.terms.trusted
        snapshot = at_commit(self.workspace, commit).under(terms.files)
        return FileJob(snapshot, self.both.policy, Identities(()), self.now)

    # -- in words

    def remarks(self, examined: Examined) -> Iterator[str]:
        if self.ends.remark:
            yield self.ends.remark
        if self.ends.head == self.ends.without and self.ends.base is None:
            return
        files = examined.selection.secret
        number = sum(file in self.changed for file in files)
        begin = f"{self.ends.base[:_SHORT]}.." if self.ends.base else "all up to "
        commits = counted(len(self.history.commits), "commit")
        yield f"{commits}, {begin}{self.ends.head[:_SHORT]}"
        ending = "; tree checked" if number == 0 else ""
        yield f"{number} of {counted(len(files), 'secret file')} changed{ending}"


def _is_policy(file: str) -> bool:
    return file == SETTINGS_FILE or file.rpartition("/")[2] == RULES_FILE
