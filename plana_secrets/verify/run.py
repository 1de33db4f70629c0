"""A run of ``verify``: every file as far as a key allows, then what no single file shows.

The order is fixed: nothing is judged while a change is half done; then the files, the
repository around them, the keysets, the mirror; the exceptions at last, when all
findings are known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.counts import counted
from plana_secrets.document.kinds import FileKind
from plana_secrets.errors import CredentialError, FailedError, PlanaSecretsError, UsageError
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.observability import Event, Observer, silent
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.journal import stop_if_pending
from plana_secrets.sops.model import Severity
from plana_secrets.verify.accepts import apply_accepts
from plana_secrets.verify.beside import as_beside, check_beside
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.check import Level
from plana_secrets.verify.checks.keysets import (
    check_keysets,
    check_unknown,
    find_key_copies,
    open_keysets,
)
from plana_secrets.verify.checks.mirror import Compared
from plana_secrets.verify.checks.mirrorpeople import check_mirror_recipients
from plana_secrets.verify.filecheck import FileJob, FileResult, check_files
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.merged import with_merges_told
from plana_secrets.verify.policy import Accept, Policy
from plana_secrets.verify.readable import check_readable
from plana_secrets.verify.report import Report, Unfinished, in_order
from plana_secrets.verify.selection import Selection, select_files
from plana_secrets.verify.staged import check_staged
from plana_secrets.verify.surroundings import check_surroundings
from plana_secrets.verify.uncommitted import check_uncommitted
from plana_secrets.verify.workers import map_files


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a run. ``files`` None: all there are.

    ``find_drift`` asks each mirror, by its name, and compares; None leaves them alone.
    ``may_be_empty``: a repository without secret files is no error.
    """

    policy: Policy = field(default_factory=Policy)
    keysets: tuple[KeysetPolicy, ...] = ()
    files: tuple[str, ...] | None = None
    level: Level | None = None
    find_drift: Mapping[str, Callable[[], Compared]] | None = None
    mirror: MirrorSettings = field(default_factory=MirrorSettings)
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What a run saw, before the exceptions count."""

    selection: Selection
    results: Sequence[FileResult]
    levels: dict[str, Level]
    findings: list[Finding]
    unfinished: tuple[Unfinished, ...]


def verify_files(
    snapshot: Snapshot,
    demand: Demand,
    *,
    now: datetime,
    observer: Observer = silent,
    workers: int | None = None,
) -> Report:
    """Check and report. Findings are data; only what stops a run is an error.

    Of the index or a commit the files are checked, and what is around them; keysets and
    their history only with the work tree. ``observer`` is told ``verified`` for every file.
    ``workers``: see ``map_files``.

    Raises:
        UsageError: there is nothing to check (kind ``nothing-checked``).
        IncompleteError: a journalled change is open (kind ``pending``).
    """
    with snapshot.tree.repository.command.collecting_warnings() as warnings:
        examined = examine(snapshot, demand, now=now, observer=observer, workers=workers)
        report = conclude(examined, demand, now=now)
    return with_doubts(report, warnings)


def with_doubts(report: Report, warnings: Sequence[str]) -> Report:
    """The report, incomplete where git warned."""
    # an answer of git that it warned of may lack files: never an OK
    doubts = tuple(Unfinished(one, FailedError.exit_code) for one in warnings)
    return replace(report, unfinished=(*report.unfinished, *doubts))


def examine(
    snapshot: Snapshot,
    demand: Demand,
    *,
    now: datetime,
    observer: Observer = silent,
    workers: int | None = None,
) -> Examined:
    """Check; raises as ``verify_files`` does."""
    workspace = snapshot.workspace
    stop_if_pending(workspace)
    if demand.files is not None:
        snapshot = snapshot.only(demand.files)
    selection = select_files(snapshot, demand.files)
    if _is_nothing(selection) and not demand.may_be_empty:
        roots = ", ".join(snapshot.settings.roots)
        raise UsageError(f"no secret files under {roots}", kind="nothing-checked")
    book = snapshot.rule_book  # read before any fork
    keysets = open_keysets(workspace, demand.keysets) if snapshot.is_work_tree else None
    copies = find_key_copies(keysets, with_history=selection.whole)
    job = FileJob(snapshot, demand.policy, workspace.identities, now, copies)
    results, findings = _check_each(job, selection, observer, workers)
    selection = replace(selection, secret=tuple(sorted(one.file for one in results)))
    levels = _levels_of(results, workspace)
    findings.extend(check_surroundings(snapshot, selection, demand.policy, results))
    if selection.whole:
        findings.extend(check_mirror_recipients(demand.mirror, demand.policy, book.known))
        files = [one.file for one in results if one.kind is FileKind.KEYSET]
        if snapshot.is_work_tree:
            findings.extend(check_unknown(keysets, files))
        if keysets is not None:
            findings.extend(check_keysets(keysets, now))
    unfinished = (
        *_check_mirror(demand, levels, findings),
        *_left_out(selection),
        *_unseen_history(demand, findings),
        *_lost_keys(levels, workspace.identities),
    )
    findings = list(with_merges_told(snapshot, findings))
    return Examined(selection, results, levels, findings, unfinished)


def _is_nothing(selection: Selection) -> bool:
    return not selection.secret and (selection.whole or not selection.readable)


def conclude(
    examined: Examined, demand: Demand, *, now: datetime, remarks: tuple[str, ...] = ()
) -> Report:
    """The exceptions, and the report."""
    selection, levels = examined.selection, examined.levels
    accepted = apply_accepts(
        examined.findings,
        demand.policy.accepts,
        today=now.date(),
        was_checked=functools.partial(_was_checked, selection, levels),
    )
    _lower_accepted(levels, examined.results, accepted.findings)
    return Report(
        file_levels=levels,
        findings=in_order(accepted.findings),
        suppressed=accepted.suppressed,
        asked=demand.level,
        unfinished=examined.unfinished,
        files=len(examined.results) + len(selection.absent),
        readable=selection.readable,
        remarks=remarks,
    )


def _left_out(selection: Selection) -> tuple[Unfinished, ...]:
    if not selection.absent:
        return ()
    number = len(selection.absent)
    reason = f"{counted(number, 'secret file')} not in this sparse checkout: {selection.absent[0]}"
    return (Unfinished(f"{reason}, ..." if number > 1 else reason, FailedError.exit_code),)


def _unseen_history(demand: Demand, findings: Sequence[Finding]) -> Iterator[Unfinished]:
    """A shallow clone, as in CI, is a note; with L3 demanded it leaves the run incomplete."""
    if demand.level is not None and demand.level >= Level.L3:
        for one in findings:
            if one.check == "history-incomplete":
                yield Unfinished(one.message, FailedError.exit_code)


def _lost_keys(levels: Mapping[str, Level], identities: Identities) -> Iterator[Unfinished]:
    """A job that lost its key must not look green."""
    if any(level < Level.L3 for level in levels.values()):
        for one in identities.lost():
            yield Unfinished(str(one), CredentialError.exit_code)


def _levels_of(results: Sequence[FileResult], workspace: Workspace) -> dict[str, Level]:
    """A file that was found broken without a key counts as far as our keys go."""
    broken = Level.L1
    if any(one.level is None for one in results) and len(workspace.identities):
        broken = Level.L3
    return {one.file: one.level or broken for one in results}


def _lower_accepted(
    levels: dict[str, Level], results: Sequence[FileResult], findings: Sequence[Finding]
) -> None:
    """A broken file whose errors were all accepted was not opened, and must not look so."""
    failing = {one.file for one in findings if one.severity is Severity.ERROR}
    for result in results:
        if result.level is None and result.file not in failing:
            levels[result.file] = Level.L1


def _check_each(
    job: FileJob, selection: Selection, observer: Observer, workers: int | None
) -> tuple[list[FileResult], list[Finding]]:
    """Every file by itself. The results are those of secret files, without their findings."""
    results: list[FileResult] = []
    findings: list[Finding] = []
    seen: dict[str, frozenset[str]] = {}
    sound: list[FileResult] = []
    check = functools.partial(check_files, job)
    with closing(map_files(check, selection.secret, workers=workers)) as checked:
        for one in checked:
            inside = is_under_roots(job.snapshot.settings, one.file)
            result = one if inside else as_beside(job.snapshot, one)
            findings.extend(result.findings)
            observer(Event("verified", {"file": result.file, "of": len(selection.secret)}))
            if result.is_left_out:
                continue
            seen[result.file] = result.ids
            if _is_sound(result):
                sound.append(result)
            results.append(replace(result, findings=(), ids=frozenset()))
    for result in check_readable(job.snapshot, selection.plain, job.copies):
        findings.extend(result.findings)
        seen[result.file] = result.ids
    findings.extend(check_beside(job.snapshot, selection.elsewhere, whole=selection.whole))
    findings.extend(check_staged(job, selection, seen))
    findings.extend(check_uncommitted(job.snapshot, sound))
    return results, findings


def _is_sound(result: FileResult) -> bool:
    """Whether the file opens, as far as a key allows to tell."""
    keyed = (one for one in result.findings if CHECKS[one.check].level is Level.L3)
    return result.level is not None and all(one.severity is not Severity.ERROR for one in keyed)


def _check_mirror(
    demand: Demand, levels: dict[str, Level], findings: list[Finding]
) -> tuple[Unfinished, ...]:
    """Ask the mirror, if that was asked for. What cannot be asked leaves the run unfinished, and
    a file that a mirror does not show keeps its level."""
    if demand.find_drift is None:
        return ()
    unfinished, unknown = [], set[str]()
    for name, ask in demand.find_drift.items():
        try:
            answer = ask()
            findings.extend(answer.findings)
            unknown.update(answer.unknown)
        except UsageError:
            raise
        except PlanaSecretsError as error:
            unfinished.append(Unfinished(f"{name}: {error.message}", error.exit_code))
    if unfinished:
        return tuple(unfinished)
    for file, level in levels.items():
        if level is Level.L3 and file not in unknown:
            levels[file] = Level.L4
    return ()


def _was_checked(selection: Selection, levels: dict[str, Level], accept: Accept) -> bool:
    """Whether this run would have seen the finding that an exception is for."""
    if not selection.whole and accept.file not in levels:
        return False
    reached = levels.get(accept.file, max(levels.values(), default=Level.L1))
    check = CHECKS.get(accept.check)
    # what a comparison shows is of one range: in the next there is none of it
    return check is not None and check.level is not Level.L2 and reached >= check.level


ADVICE: Final = {
    "nothing-checked": (
        "create one with `plana-secrets new FILE`; files.roots defines the secret folders"
    ),
}
