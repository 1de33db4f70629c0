"""``verify --json``: its own type, so that a change inside cannot change what scripts read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report, View
from plana_secrets.verify.report.fixes import fix_for

SCHEMA: Final = "plana-secrets/verify/1"


def render(report: Report, view: View) -> str:
    """The one object; ASCII, so that nothing in it acts on a terminal."""
    return f"{json.dumps({'schema': SCHEMA, **to_object(report, view.here)}, indent=2)}\n"


def to_object(report: Report, here: Callable[[str], str] = str) -> dict[str, Any]:
    """What goes into the one object on stdout, beside its schema."""
    return {
        "level": report.level.name,
        "asked": report.asked.name if report.asked else None,
        "files": report.files,
        "checked": report.checked,
        "complete": report.complete,
        "unfinished": [one.reason for one in report.unfinished],
        "remarks": list(report.remarks),
        "suppressed": report.suppressed,
        "counts": {str(severity): count for severity, count in report.counts.items()},
        "file_levels": {file: level.name for file, level in sorted(report.file_levels.items())},
        "findings": [_finding(one, here) for one in report.findings],
    }


def _finding(finding: Finding, here: Callable[[str], str]) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": str(finding.severity),
        "file": finding.file,
        "line": finding.line,
        "path": finding.path,
        "commit": finding.commit,
        "message": here(finding.message),
        "fix": here(fix_for([finding])),
        "fingerprint": finding.fingerprint,
    }
