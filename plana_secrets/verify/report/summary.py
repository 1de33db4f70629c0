"""What every form of a report says: where a finding is, how far the run went, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.counts import counted
from plana_secrets.sops.model import Severity
from plana_secrets.verify.accepts import is_proposable
from plana_secrets.verify.check import Level
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report

_NAMED: Final = 5


def location(finding: Finding) -> str:
    """``file:line path in commit ID``, as far as each is known."""
    place = finding.file or "the repository"
    if finding.line is not None:
        place = f"{place}:{finding.line}"
    if finding.path:
        place = f"{place} {finding.path}"
    return f"{place} in commit {finding.commit[:12]}" if finding.commit else place


def summary(report: Report) -> str:
    """``80 files, L3, 0 errors, 23 warnings in 4 checks``, and the next command."""
    line = totals(report)
    is_clean = report.complete and not report.counts[Severity.ERROR]
    if is_clean and any(map(is_proposable, report.findings)):
        line += "; next: plana-secrets verify --propose-accepts"
    return line


def totals(report: Report) -> str:
    """The summary without a next command, such as ``80 files, L3, 0 errors, 0 warnings``."""
    errors, warnings = report.counts[Severity.ERROR], report.counts[Severity.WARNING]
    parts = [*_extent(report), counted(errors, "error"), counted(warnings, "warning")]
    line = ", ".join(parts)
    checks = {one.check for one in report.findings if one.severity is not Severity.NOTE}
    if checks:
        line += f" in {counted(len(checks), 'check')}"
    if report.suppressed:
        line += f", {report.suppressed} accepted"
    if not report.complete:
        line += "; INCOMPLETE"
    return line


def gaps(report: Report) -> Iterator[str]:
    """Why the report is not complete; nothing for one that is."""
    yield from (one.reason for one in report.unfinished)
    if report.asked is not None and not report.reached:
        yield _below(report, report.asked)
    if not report.unfinished and report.checked != report.files:
        yield f"{_files(report)} checked"


def _below(report: Report, asked: Level) -> str:
    """Who did not reach the level that was asked for; a few of them by name."""
    low = sorted(file for file, level in report.file_levels.items() if level < asked)
    names = ", ".join(low[:_NAMED]) + (", ..." if len(low) > _NAMED else "")
    return f"{counted(len(low), 'file')} did not reach {asked.name}: {names}"


def _extent(report: Report) -> Iterator[str]:
    """How many files, and how far; a run over readable files alone has no level."""
    if report.readable and not report.files:
        yield f"no secret files among them, {counted(report.readable, 'readable file')}"
    else:
        yield _files(report)
        yield _level(report)


def _files(report: Report) -> str:
    if report.checked == report.files:
        return counted(report.files, "file")
    return f"{report.checked} of {counted(report.files, 'file')}"


def _level(report: Report) -> str:
    """The lowest level, and how many files got further than it."""
    lowest, highest = report.level, max(report.file_levels.values(), default=Level.L1)
    if lowest is highest:
        return lowest.name
    further = sum(one > lowest for one in report.file_levels.values())
    return f"{lowest.name} ({counted(further, 'file')} at {highest.name})"
