"""``explain``: what a check of ``verify`` looks for, and what to do about it."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from plana_secrets.cli.context import Context, pass_context

EPILOG = """\b
Examples:
  plana-secrets explain
  plana-secrets explain not-encrypted
  plana-secrets explain recipients-differ --json
"""


def complete_check(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of checks with what they look for."""
    from plana_secrets.verify.catalogue import CHECKS

    return [
        CompletionItem(check.id, help=check.what)
        for check in CHECKS.values()
        if check.id.startswith(incomplete)
    ]


@click.command(epilog=EPILOG, short_help="Explain a check, or list all of them.")
@click.argument("check", required=False, metavar="[CHECK]", shell_complete=complete_check)
@pass_context
def explain(context: Context, check: str | None) -> None:
    """Explain what a check of `verify` looks for, why it matters and how to fix it.

    Without CHECK, list all checks.
    """
    from plana_secrets.verify.catalogue import CHECKS
    from plana_secrets.verify.explain import find_check, to_lines, to_object

    output = context.output
    chosen = [find_check(check)] if check is not None else list(CHECKS.values())
    if output.as_json:
        output.json_object("explain", {"checks": [to_object(one) for one in chosen]})
    elif check is not None:
        output.data("\n".join(to_lines(chosen[0])))
    else:
        rows = [(one.id, str(one.severity), one.level.name, one.what) for one in chosen]
        output.table(rows, ("check", "severity", "level", "what it finds"))
