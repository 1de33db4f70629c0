"""``verify`` as Markdown: the summary of a job, a comment under a review.

What comes from the repository is in code quotes, where no name acts as markup, mentions a
person or becomes a link. The verdict is at the top, since a long comment is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from plana_secrets.counts import counted
from plana_secrets.escape import code_span, prose
from plana_secrets.sops.model import Severity
from plana_secrets.verify.explain import command_for
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report, View
from plana_secrets.verify.report.fixes import fix_for
from plana_secrets.verify.report.summary import gaps, location, summary

_MOST: Final = 50_000
"""Bytes of findings; a comment on GitHub has at most 65,536 characters."""


def render(report: Report, view: View) -> str:
    """The verdict, what is missing, and the findings under their check, as far as they fit."""
    parts = [f"### plana-secrets verify: {_verdict(report, view)}", code_span(summary(report))]
    parts += [code_span(remark) for remark in report.remarks]
    parts += [f"**Incomplete:** {code_span(gap)}" for gap in gaps(report)]
    left, room = len(report.findings), _MOST
    for (severity, check), group in groupby(
        report.findings, key=lambda one: (one.severity, one.check)
    ):
        findings = list(group)
        lines = list(_fitting(findings, room))
        if not lines:
            break
        section = _section(severity, check, findings, lines)
        room -= len(section.encode())
        left -= len(lines)
        parts.append(section)
    if left:
        parts.append(f"{counted(left, 'more finding')}: run `plana-secrets verify`.")
    return "\n\n".join(parts) + "\n"


def _verdict(report: Report, view: View) -> str:
    if not report.complete:
        return "INCOMPLETE"
    return "failed" if report.failures(strict=view.strict) else "passed"


def _fitting(findings: Sequence[Finding], room: int) -> Iterator[str]:
    for finding in findings:
        line = f"- {code_span(location(finding))}: {code_span(finding.message)}"
        room -= len(line.encode())
        if room < 0:
            return
        yield line


def _section(
    severity: Severity, check: str, findings: Sequence[Finding], lines: Sequence[str]
) -> str:
    fix = prose(f"Fix: {fix_for(findings)} More: `{command_for(check)}`")
    return "\n".join([f"**{severity}: {check}** ({len(findings)})", "", *lines, "", fix])
