"""``mirror audit``: who may write to the mirrored collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.mirror import comparison
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.mirror.desk import AccessFinding
    from plana_secrets.mirror.settings import BackendSettings

_EPILOG = """\
The account must be a manager of the mirrored collections, an admin or an owner; other
members cannot see who has access. If access cannot be read, the exit code is 4.

\b
Examples:
  plana-secrets mirror audit
  plana-secrets mirror audit --service-account mirror@example.com --json
"""

_STYLES = {"error": "red", "warning": "yellow", "note": "dim"}


@click.command(epilog=_EPILOG)
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--service-account",
    metavar="EMAIL",
    help="The account that syncs; default: the one logged in by API key.",
)
@pass_context
def audit(context: Context, strict: bool, service_account: str | None) -> int:
    """List who can write to the mirrored collections, and misplaced items."""
    from plana_secrets.mirror.desk import ITEMS_NOT_SEEN

    settings = _audited(context)
    every = settings.audit(comparison.surroundings(context), service_account)
    unseen = [one for one in every if one.check == ITEMS_NOT_SEEN]
    findings = [one for one in every if one not in unseen]
    counts = {word: sum(one.severity == word for one in findings) for word in _STYLES}
    code = int(counts["error"] > 0 or (strict and counts["warning"] > 0))
    if context.json:
        rows = [_row(one) for one in findings]
        seen = {"items_seen": not unseen}
        totals = {"errors": counts["error"], "warnings": counts["warning"]}
        context.output.json_object("mirror-audit", {"findings": rows, **totals, **seen})
    elif code or not context.quiet:
        for one in findings:
            context.output.styled_data(f"{one.severity:<8} {one.message}", _STYLES[one.severity])
        context.output.talk(
            f"{counted(counts['error'], 'error')}, {counted(counts['warning'], 'warning')}"
        )
        for one in unseen:
            context.output.talk(one.message)
        for fix in dict.fromkeys(filter(None, map(_fix_of, findings))):
            context.output.talk(f"hint: {fix}")
    return code


def _audited(context: Context) -> BackendSettings:
    """The mirror that says who may write: the first of several that does."""
    from plana_secrets.mirror.open import no_mirror
    from plana_secrets.mirror.settings import BackendSettings

    mirror = context.settings.mirror
    tables = (*mirror.used, *mirror.backends.values())
    for one in tables:
        if type(one).audit is not BackendSettings.audit:
            return one
    if tables:
        return tables[0]
    raise no_mirror()


def _row(finding: AccessFinding) -> dict[str, str | None]:
    return {
        "severity": finding.severity.value,
        "check": finding.check,
        "who": finding.who,
        "collection": finding.collection,
        "message": finding.message,
        "item": finding.item,
        "fix": _fix_of(finding),
    }


def _fix_of(finding: AccessFinding) -> str | None:
    """Of a note there is nothing to fix."""
    return None if finding.severity == "note" else finding.fix
