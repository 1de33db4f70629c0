"""``verify`` for people: findings under their check, and a last line that says what next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from plana_secrets.escape import safe_line
from plana_secrets.sops.model import Severity
from plana_secrets.verify.explain import command_for
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report, View
from plana_secrets.verify.report.fixes import fix_for
from plana_secrets.verify.report.summary import gaps, location, summary

SHOWN_OF_A_CHECK: Final = 10
"""Of a warning or note that many places have, so many are listed; of errors all are."""


def render(report: Report, view: View) -> str:
    """The lines, each made safe."""
    lines = to_lines(report, everything=view.everything)
    return "".join(f"{safe_line(line)}\n" for line in lines)


def to_lines(report: Report, *, everything: bool = False) -> list[str]:
    """The report, line by line; ``everything`` lists each place of each check."""
    lines: list[str] = []
    for (severity, check), group in groupby(
        report.findings, key=lambda one: (one.severity, one.check)
    ):
        lines.extend(_group(severity, check, list(group), everything=everything))
        lines.append("")
    lines.extend(f"incomplete: {one}" for one in gaps(report))
    lines.extend(report.remarks)
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
    yield f"  fix: {fix_for(findings)}"
    yield f"  more: {command_for(check)}"
