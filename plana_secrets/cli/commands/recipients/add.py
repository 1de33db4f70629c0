"""``recipients add``: a person, job or cluster can read the files of some rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.recipients.joining import (
    Run,
    commit_option,
    exit_code_of,
    membership_facts,
    run_membership,
    tell_change,
)
from plana_secrets.cli.commands.recipients.naming import readers_by_rule, rules_by_name
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option

if TYPE_CHECKING:
    from plana_secrets.recipients.people import Membership
    from plana_secrets.recipients.plan import Demand

_EPILOG = """\b
Examples:
  plana-secrets recipients add bob age1... --rule 2 --rule 3
  plana-secrets recipients add ci age1... --kind job --rule all
  plana-secrets recipients add ann age1...              give a key its name
"""


@click.command(epilog=_EPILOG, short_help="Add a reader to rules and their files.")
@click.argument("name", metavar="NAME")
@click.argument("key", metavar="KEY")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Number of a rule in `recipients list`, its path_regex, or all; without it, only "
    "the settings name the key.",
)
@click.option(
    "--kind",
    type=click.Choice(["staff", "job", "cluster", "recovery"]),
    default="staff",
    help="Kind of reader; default: staff.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@commit_option
@wait_option
@pass_context
def add(
    context: Context,
    name: str,
    key: str,
    rules: tuple[str, ...],
    kind: str,
    dry_run: bool,
    commit: bool,
) -> int:
    """Add the age recipient KEY, as NAME, to rules in .sops.yaml and to the files of those rules.

    Rules, settings and files are written together, or none of them. Without --rule, only the
    settings name the key: one that is in the rules, or one that a review is to look at first.
    Compare the fingerprint that is shown with the one that NAME reads to you.
    """
    from plana_secrets.age.recipients import fingerprint_aloud, parse_recipient
    from plana_secrets.recipients.people import plan_joining

    recipient = parse_recipient(key).text

    def plan(demand: Demand) -> Membership:
        return plan_joining(
            context.workspace,
            name,
            recipient,
            (lambda known: rules_by_name(known, rules)) if rules else None,
            kind=kind,
            demand=demand,
        )

    run = Run(dry_run, commit)
    message = f"Let {name} read secrets" if rules else f"Name the key of {name}"
    done, written = run_membership(context, plan, run, message)
    fingerprint = fingerprint_aloud(recipient)
    if context.json:
        facts = membership_facts(context, done, run)
        more = {"fingerprint": fingerprint, "commit": written}
        context.output.json_object("recipients-add", {**facts, **more})
    else:
        if done.change.positions:
            tell_change(context, name, "added to", done.change, run)
            _warn_of_folders(context, recipient)
        else:
            context.output.talk(f"{name} {run.verb} the name of this key in [recipients]")
            if recipient not in readers_by_rule(context):
                words = "no rule has this key, so it opens no file yet; --rule adds it to rules"
                context.output.talk(words)
        context.output.talk(f"fingerprint of the key: {fingerprint}")
    return exit_code_of(done.change.survey)


def _warn_of_folders(context: Context, recipient: str) -> None:
    """Rules files in folders are a person's to change; their files keep their readers."""
    from plana_secrets.recipients.rulesedit import recipients_of
    from plana_secrets.secretfiles.snapshot import rules_in_use

    for rules in rules_in_use(context.workspace):
        if rules.folder and any(
            recipient not in recipients_of(one) for one in rules.creation_rules
        ):
            context.output.warn(f"the rules in {rules.file} stay as they are")
