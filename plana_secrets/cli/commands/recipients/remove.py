"""``recipients remove``: a reader leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.recipients.joining import (
    Run,
    commit_option,
    exit_code_of,
    leave_option,
    list_values,
    membership_facts,
    run_membership,
    tell_change,
    values_facts,
)
from plana_secrets.cli.commands.recipients.naming import complete_name
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.recipients.people import Membership
    from plana_secrets.recipients.plan import Demand

_EPILOG = """\b
Examples:
  plana-secrets recipients remove bob --dry-run
  plana-secrets recipients remove bob
"""


@click.command(epilog=_EPILOG, short_help="Remove a reader from rules, settings and files.")
@click.argument("name", metavar="NAME", shell_complete=complete_name)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@leave_option
@commit_option
@wait_option
@pass_context
def remove(context: Context, name: str, dry_run: bool, leave: bool, commit: bool) -> int:
    """Remove NAME from .sops.yaml, from the settings and from every file.

    NAME can also be a recipient without a name. Each file that they could read gets a new data
    key, so that they cannot read what is written from now on. They keep what they have read:
    the values to replace are printed.
    """
    from plana_secrets.recipients.people import plan_leaving, replaceable

    def plan(demand: Demand) -> Membership:
        found = plan_leaving(context.workspace, name, demand)
        backends = context.settings.mirror.backends.values()
        if any(found.recipient in one.people for one in backends):
            raise UsageError(f"the mirror is encrypted for {found.name}", kind="mirror-names-them")
        return found

    run = Run(dry_run, commit, leave)
    done, written = run_membership(context, plan, run, f"Remove {name} from the readers")
    values = replaceable(context.workspace, done.change.files_of([done.recipient]))
    if context.json:
        facts = membership_facts(context, done, run)
        more = {"replace": values_facts(values), "commit": written}
        context.output.json_object("recipients-remove", {**facts, **more})
        return exit_code_of(done.change.survey)
    tell_change(context, done.name, "removed from", done.change, run)
    if values:
        context.output.talk(f"{done.name} keeps what they have read; replace these values:")
    list_values(context, values)
    return exit_code_of(done.change.survey)


ADVICE = {
    "mirror-names-them": "take them out of mirror.local.recipients in plana-secrets.toml first",
}
