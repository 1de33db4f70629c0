"""``recipients apply``: files get the recipients of their rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.commands.recipients.joining import (
    Run,
    exit_code_of,
    leave_option,
    skipped_facts,
    tell_left_out,
)
from plana_secrets.cli.commands.recipients.naming import demand_of, names_of, plan_facts
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plana_secrets.recipients.apply import Survey
    from plana_secrets.recipients.names import Names
    from plana_secrets.recipients.plan import ReaderPlan

_EPILOG = """\b
Examples:
  plana-secrets recipients apply --dry-run
  plana-secrets recipients apply
  plana-secrets recipients apply infra/secrets/dev/example.yaml
"""


@click.command(epilog=_EPILOG, short_help="Give files the recipients of their rules.")
@click.argument("files", nargs=-1, metavar="[FILE]...", shell_complete=complete_file)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@leave_option
@wait_option
@pass_context
def apply(context: Context, files: tuple[str, ...], dry_run: bool, leave: bool) -> int:
    """Give FILEs the recipients of their rules; without FILE, all that differ.

    If a reader is removed, the file also gets a new data key. Otherwise they could open
    what is written from now on with an older version of the file. All files are changed,
    or none.
    """
    survey = _run(context, files, Run(dry_run, leave=leave))
    names = names_of(context)
    if context.json:
        context.output.json_object("recipients-apply", _facts(survey, names, dry_run=dry_run))
    else:
        _report(context, files, survey, names, dry_run=dry_run)
    return exit_code_of(survey)


def _run(context: Context, files: tuple[str, ...], run: Run) -> Survey:
    from plana_secrets.secretfiles.writing.writer import writing

    if run.dry_run:
        return _survey(context, files, run)
    with writing(context.workspace, "recipients apply"):
        survey = _survey(context, files, run)
        apply_with_bar(context, survey.plans)
    return survey


def _survey(context: Context, files: tuple[str, ...], run: Run) -> Survey:
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.recipients.apply import survey
    from plana_secrets.secretfiles.snapshot import work_tree

    demand = replace(demand_of(context), may_leave=run.leave)
    if files:
        chosen = dict.fromkeys(find_file(context, one) for one in files)
        return survey(context.workspace, list(chosen), demand, skip="none")
    snapshot = work_tree(context.workspace)
    if snapshot.absent:
        number = counted(len(snapshot.absent), "secret file")
        context.output.warn(f"{number} not in this sparse checkout, and not looked at")
    return survey(context.workspace, snapshot.secret_files, demand, skip="all")


def apply_with_bar(context: Context, plans: Sequence[ReaderPlan]) -> None:
    """Write the files; a bar on a terminal says how far it is."""
    from plana_secrets.recipients.apply import apply_plans

    with context.output.progress("recipients", len(plans)) as advance:
        apply_plans(context.workspace, plans, lambda: advance(1))


def _facts(survey: Survey, names: Names, *, dry_run: bool) -> dict[str, object]:
    return {
        "files": [plan_facts(plan, names) for plan in survey.plans],
        "skipped": skipped_facts(survey),
        "dry_run": dry_run,
    }


def describe(plan: ReaderPlan, names: Names) -> str:
    """One line about one file."""
    parts = []
    if plan.added:
        parts.append(f"+ {names.shown(plan.added)}")
    if plan.removed:
        parts.append(f"- {names.shown(plan.removed)}")
    if plan.former:
        parts.append(f"no longer opens with an older version: {names.shown(plan.former)}")
    return f"{plan.file}: {'; '.join(parts) or 'only comments of recipients differ'}"


def _report(
    context: Context, files: tuple[str, ...], survey: Survey, names: Names, *, dry_run: bool
) -> None:
    output = context.output
    for plan in survey.plans:
        output.talk(describe(plan, names))
    renewed = sum(plan.new_data_key for plan in survey.plans)
    if survey.plans:
        verb = "would be updated" if dry_run else "updated"
        key = f", {renewed} with a new data key" if renewed else ""
        output.talk(f"{counted(len(survey.plans), 'file')} {verb}{key}")
    elif not survey.skipped:
        what = "these files have" if files else "all files have"
        output.talk(f"{what} the recipients of their rules")
    if renewed:
        output.talk("removed readers keep what they have read; replace those values, too")
    tell_left_out(context, survey)
