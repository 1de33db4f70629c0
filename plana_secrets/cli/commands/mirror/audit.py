"""``mirror audit``: who may write to the mirrored collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.context import Context, pass_context
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.mirror.backends.vaultwarden.audit import AccessFinding
    from plana_secrets.mirror.backends.vaultwarden.session import Session
    from plana_secrets.mirror.settings import VaultwardenSettings

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
    """List who can write to the mirrored collections."""
    from plana_secrets.mirror.backends.vaultwarden.audit import audit_access

    settings, session = open_configured(context)
    credentials = session.credentials
    findings = audit_access(
        session,
        organization=settings.organization,
        collections=tuple(settings.collections.values()),
        service_account=service_account or (credentials.email if credentials.api_key else ""),
        break_glass=settings.break_glass,
    )
    counts = {word: sum(one.severity == word for one in findings) for word in _STYLES}
    if context.json:
        rows = [_row(one) for one in findings]
        totals = {"errors": counts["error"], "warnings": counts["warning"]}
        context.output.json_object("mirror-audit", {"findings": rows, **totals})
    else:
        for one in findings:
            context.output.styled_data(f"{one.severity:<8} {one.message}", _STYLES[one.severity])
        context.output.talk(
            f"{counted(counts['error'], 'error')}, {counted(counts['warning'], 'warning')}"
        )
    return int(counts["error"] > 0 or (strict and counts["warning"] > 0))


def open_configured(context: Context) -> tuple[VaultwardenSettings, Session]:
    """The session of the account at hand at the configured server.

    Raises:
        UsageError: the mirror is another one (kind ``no-server``).
    """
    import os

    from plana_secrets.cli.commands.mirror.comparison import surroundings
    from plana_secrets.errors import UsageError
    from plana_secrets.mirror.backends.vaultwarden.connect import open_session

    settings = context.settings.mirror.vaultwarden
    if settings is None:
        raise UsageError("no Vaultwarden server is configured", kind="no-server")
    around = surroundings(context)
    session = open_session(
        settings,
        root=context.repository.root,
        state_folder=around.state_folder,
        environment=os.environ,
        find_identities=around.find_identities,
        observer=around.observer,
    )
    return settings, session


def _row(finding: AccessFinding) -> dict[str, str | None]:
    return {
        "severity": finding.severity.value,
        "check": finding.check,
        "who": finding.who,
        "collection": finding.collection,
        "message": finding.message,
    }
