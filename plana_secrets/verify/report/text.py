"""``verify`` for people: findings under their check, and a last line that says what next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from plana_secrets.counts import counted
from plana_secrets.sops.model import Severity
from plana_secrets.verify.accepts import is_proposable
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.check import Level
from plana_secrets.verify.explain import command_for
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report

SHOWN_OF_A_CHECK: Final = 10
"""Of a warning or note that many places have, so many are listed; of errors all are."""


_NAMED: Final = 5


def to_lines(report: Report, *, everything: bool = False) -> list[str]:
    """The report, line by line; ``everything`` lists each place of each check."""
    lines: list[str] = []
    for (severity, check), group in groupby(
        report.findings, key=lambda one: (one.severity, one.check)
    ):
        lines.extend(_group(severity, check, list(group), everything=everything))
        lines.append("")
    lines.extend(f"incomplete: {one.reason}" for one in report.unfinished)
    if report.asked is not None and not report.reached:
        lines.append(f"incomplete: {_below(report, report.asked)}")
    lines.append(summary(report))
    return lines


def _group(
    severity: Severity, check: str, findings: Sequence[Finding], *, everything: bool
) -> Iterator[str]:
    yield f"{severity}: {check} ({len(findings)})" if len(findings) > 1 else f"{severity}: {check}"
    shown = len(findings)
    if severity is not Severity.ERROR and not everything:
        shown = min(shown, SHOWN_OF_A_CHECK)
    for finding in findings[:shown]:
        yield f"  {location(finding)}: {finding.message}"
    if shown < len(findings):
        yield f"  and {len(findings) - shown} more places"
    yield f"  fix: {CHECKS[check].fix}"
    yield f"  more: {command_for(check)}"


def location(finding: Finding) -> str:
    """``file:line path``, as far as each is known."""
    place = finding.file or "the repository"
    if finding.line is not None:
        place = f"{place}:{finding.line}"
    return f"{place} {finding.path}" if finding.path else place


def summary(report: Report) -> str:
    """``80 files, L3, 0 errors, 23 warnings in 4 checks``, and the next command."""
    errors, warnings = report.counts[Severity.ERROR], report.counts[Severity.WARNING]
    parts = [*_extent(report), counted(errors, "error"), counted(warnings, "warning")]
    line = ", ".join(parts)
    checks = {one.check for one in report.findings if one.severity is not Severity.NOTE}
    if checks:
        line += f" in {counted(len(checks), 'check')}"
    if report.suppressed:
        line += f", {report.suppressed} accepted"
    if not report.complete:
        return f"{line}; INCOMPLETE"
    if not errors and any(map(is_proposable, report.findings)):
        line += "; next: plana-secrets verify --propose-accepts"
    return line


def _below(report: Report, asked: Level) -> str:
    """Who did not reach the level that was asked for; a few of them by name."""
    files = sorted(file for file, level in report.file_levels.items() if level < asked)
    names = ", ".join(files[:_NAMED]) + (", ..." if len(files) > _NAMED else "")
    return f"{counted(len(files), 'file')} did not reach {asked.name}: {names}"


def _extent(report: Report) -> Iterator[str]:
    """How many files, and how far; a run over readable files alone has no level."""
    if not report.files:
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
    further = sum(level > lowest for level in report.file_levels.values())
    return f"{lowest.name} ({counted(further, 'file')} at {highest.name})"
