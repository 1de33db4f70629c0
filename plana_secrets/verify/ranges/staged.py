"""A run of ``verify`` over what ``git commit`` would record.

What the commit before it already has is a warning, as in a range: a repository with an old
problem must be able to commit something else.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from plana_secrets.errors import FailedError
from plana_secrets.observability import Observer, silent
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.model import Severity
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report
from plana_secrets.verify.run import Demand, conclude, examine, with_doubts


def verify_index(
    snapshot: Snapshot,
    demand: Demand,
    *,
    now: datetime,
    observer: Observer = silent,
    workers: int | None = None,
) -> Report:
    """Check the index beside HEAD; raises as ``verify_files`` does."""
    with snapshot.tree.repository.command.collecting_warnings() as warnings:
        examined = examine(snapshot, demand, now=now, observer=observer, workers=workers)
        findings = _compared(examined.findings, snapshot, demand, now)
        findings.extend(_removed(snapshot, demand))
        report = conclude(replace(examined, findings=findings), demand, now=now)
    return with_doubts(report, warnings)


def _compared(
    findings: Sequence[Finding], snapshot: Snapshot, demand: Demand, now: datetime
) -> list[Finding]:
    """A commit without an error pays for no comparison, not even to load its code."""
    if not any(one.severity is Severity.ERROR for one in findings):
        return list(findings)
    from plana_secrets.verify.ranges.parents import beside_parents

    compared = beside_parents(findings, snapshot, demand, now)
    return [_with_tree(one, snapshot) for one in compared]


def _with_tree(finding: Finding, snapshot: Snapshot) -> Finding:
    """An error of a file that is sound in the working tree names the way to stage that."""
    file = finding.file
    if finding.severity is not Severity.ERROR or file is None:
        return finding
    from plana_secrets.secretfiles.open import first_problem, read_bytes_of

    try:
        staged, here = snapshot.read(file), read_bytes_of(snapshot.workspace, file)
    except FailedError:
        return finding
    if here == staged or first_problem(here, file) is not None:
        return finding
    way = (
        f"`git add {shlex.quote(file)}` stages the version of the working tree, which is encrypted"
    )
    return replace(finding, message=f"{finding.message}; {way}")


def _removed(snapshot: Snapshot, demand: Demand) -> Iterator[Finding]:
    """The keyset files that the commit removes; HEAD is asked only where one is not there."""
    if not demand.keysets:
        return
    from plana_secrets.rotation.keysetfile import file_of
    from plana_secrets.verify.ranges.keysets import check_removed

    folder, repository = snapshot.settings.keysets, snapshot.workspace.repository

    def had(name: str) -> bool:
        head = repository.head()
        return head is not None and bool(
            repository.list_entries(head, under=[file_of(folder, name)])
        )

    names = [policy.name for policy in demand.keysets]
    yield from check_removed(names, folder, snapshot.tree.listing().entries, had)
