"""``verify`` as annotations of GitHub and Forgejo: one workflow command a finding.

Each repeats its fix: a runner shows an annotation beside the line, apart from the log.

Source: ``ActionCommand.cs`` of github.com/actions/runner 2.330.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.escape import safe_line
from plana_secrets.sops.model import Severity
from plana_secrets.verify.explain import command_for
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report, View
from plana_secrets.verify.report.fixes import fix_for
from plana_secrets.verify.report.summary import gaps, location, summary

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def render(report: Report, _view: View) -> str:
    """Commands, errors first, since a runner shows ten a step; the last one is the verdict."""
    return "".join(f"{line}\n" for line in _commands(report))


def _commands(report: Report) -> Iterator[str]:
    yield from map(_finding, report.findings)
    for gap in gaps(report):
        yield _command("error", {"title": "verify is incomplete"}, [gap])
    verdict = "notice" if report.complete else "error"
    yield _command(verdict, {"title": "plana-secrets verify"}, [*report.remarks, summary(report)])


def _finding(finding: Finding) -> str:
    properties = {"title": finding.check}
    if finding.file is not None:
        properties["file"] = finding.file
    if finding.line is not None:
        properties["line"] = str(finding.line)
    message = [
        f"{location(finding)}: {finding.message}",
        f"fix: {fix_for([finding])}",
        f"more: {command_for(finding.check)}",
    ]
    return _command(_COMMANDS[finding.severity], properties, message)


def _command(name: str, properties: dict[str, str], message: list[str]) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{'%0A'.join(map(_data, message))}"


def _data(text: str) -> str:
    return safe_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
