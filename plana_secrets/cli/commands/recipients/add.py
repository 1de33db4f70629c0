"""``recipients add``: a person, job or cluster can read the files of some rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.recipients.joining import (
    membership_facts,
    run_membership,
    tell_membership,
)
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.recipients.people import Membership
    from plana_secrets.recipients.plan import Demand
    from plana_secrets.sops.rules.rulesfile import Rules

_EPILOG = """\b
Examples:
  plana-secrets recipients add bob age1... --rule 2 --rule 3
  plana-secrets recipients add ci age1... --kind job --rule all
"""


@click.command(epilog=_EPILOG, short_help="Add a reader to rules and their files.")
@click.argument("name", metavar="NAME")
@click.argument("key", metavar="KEY")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    required=True,
    metavar="RULE",
    help="Number of a rule in `recipients list`, its path_regex, or all.",
)
@click.option(
    "--kind",
    type=click.Choice(["staff", "job", "cluster", "recovery"]),
    default="staff",
    help="Kind of reader; default: staff.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def add(
    context: Context, name: str, key: str, rules: tuple[str, ...], kind: str, dry_run: bool
) -> None:
    """Add the age recipient KEY, as NAME, to rules in .sops.yaml and to the files of those rules.

    Rules, settings and files are written together, or none of them.
    """
    from plana_secrets.age.recipients import parse_recipient
    from plana_secrets.recipients.people import plan_joining

    recipient = parse_recipient(key).text

    def plan(demand: Demand) -> Membership:
        return plan_joining(
            context.workspace,
            name,
            recipient,
            lambda known: _positions(known, rules),
            kind=kind,
            demand=demand,
        )

    done = run_membership(context, plan, dry_run=dry_run)
    if context.json:
        facts = membership_facts(context, done, dry_run=dry_run)
        context.output.json_object("recipients-add", facts)
    else:
        tell_membership(context, done, "added to", dry_run=dry_run)


def _positions(known: Rules, wanted: tuple[str, ...]) -> set[int]:
    """The rules of the file at the root that a person named."""
    found: set[int] = set()
    for text in wanted:
        these = {
            one.position
            for one in known.creation_rules
            if text in {"all", str(one.position), one.path_regex}
        }
        if not these:
            raise UsageError(f"no rule {text} in {known.file}", kind="no-such-rule")
        found |= these
    return found


ADVICE = {
    "no-such-rule": "`plana-secrets recipients list` shows the rules with their numbers",
}
