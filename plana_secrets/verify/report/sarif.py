"""``verify`` as SARIF 2.1.0, for the code scanning of a forge. No snippets: no value is in it.

Source: docs.oasis-open.org/sarif/sarif/v2.1.0/errata01.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final
from urllib.parse import quote

from plana_secrets import __version__
from plana_secrets.escape import safe_line
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.check import Check
from plana_secrets.verify.explain import command_for, to_markdown
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report, View
from plana_secrets.verify.report.summary import gaps, summary

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT: Final = "%SRCROOT%"
_PLACES: Final = {check: place for place, check in enumerate(CHECKS)}


def render(report: Report, view: View) -> str:
    """The log file, with one run."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report, view)]}
    return f"{json.dumps(log, indent=2)}\n"


def _run(report: Report, view: View) -> dict[str, Any]:
    seen: Counter[str] = Counter()
    return {
        "tool": {
            "driver": {
                "name": "plana-secrets",
                "version": __version__,
                "rules": [_rule(check) for check in CHECKS.values()],
            }
        },
        "invocations": [_invocation(report, view)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
        "results": [_result(finding, seen) for finding in report.findings],
        "properties": {
            "level": report.level.name,
            "files": report.files,
            "checked": report.checked,
            "complete": report.complete,
            "suppressed": report.suppressed,
            "summary": safe_line(summary(report)),
            "remarks": [safe_line(one) for one in report.remarks],
        },
    }


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "shortDescription": {"text": _plain(check.what)},
        "fullDescription": {"text": _plain(f"{check.what} {check.why}")},
        "help": {
            "text": _plain(f"{check.fix} More: {command_for(check.id)}"),
            "markdown": to_markdown(check).strip(),
        },
        "defaultConfiguration": {"level": str(check.severity)},
        "properties": {
            "tags": ["security"],
            "level": check.level.name,
            "acceptable": check.acceptable,
        },
    }


def _invocation(report: Report, view: View) -> dict[str, Any]:
    return {
        "executionSuccessful": report.complete,
        "exitCode": report.exit_code(strict=view.strict),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": _plain(gap)}} for gap in gaps(report)
        ],
    }


def _result(finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    seen[finding.fingerprint] += 1
    fingerprint = f"{finding.fingerprint}:{seen[finding.fingerprint]}"
    message = f"{finding.path}: {finding.message}" if finding.path else finding.message
    return {
        "ruleId": finding.check,
        "ruleIndex": _PLACES[finding.check],
        "level": str(finding.severity),
        "message": {"text": _plain(message)},
        "locations": [_location(finding)] if finding.file is not None else [],
        # GitHub follows an alert by the second, and would hash the line if it were missing
        "partialFingerprints": {
            "planaSecrets/v1": fingerprint,
            "primaryLocationLineHash": fingerprint,
        },
    }


def _location(finding: Finding) -> dict[str, Any]:
    uri = quote(finding.file or "", errors="surrogateescape")
    place: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": _ROOT}}
    if finding.line is not None:
        place["region"] = {"startLine": finding.line}
    location: dict[str, Any] = {"physicalLocation": place}
    if finding.path is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": safe_line(finding.path)}]
    return location


def _plain(text: str) -> str:
    """A message in which ``[text](target)``, a link in every message, becomes none (3.11.6)."""
    line = safe_line(text)
    if "](" not in line:
        return line
    return line.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
