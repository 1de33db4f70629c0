"""``recipients remove``: a reader leaves."""

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

_EPILOG = """\b
Examples:
  plana-secrets recipients remove bob --dry-run
  plana-secrets recipients remove bob
"""


@click.command(epilog=_EPILOG, short_help="Remove a reader from rules, settings and files.")
@click.argument("name", metavar="NAME")
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def remove(context: Context, name: str, dry_run: bool) -> None:
    """Remove NAME from .sops.yaml, from the settings and from every file.

    Each file that they could read gets a new data key, so that they cannot read what is
    written from now on. They keep what they have read: the values to replace are printed.
    """
    from plana_secrets.recipients.people import plan_leaving, replaceable

    def plan(demand: Demand) -> Membership:
        found = plan_leaving(context.workspace, name, demand)
        backends = context.settings.mirror.backends.values()
        if any(found.recipient in one.people for one in backends):
            raise UsageError(f"the mirror is encrypted for {name}", kind="mirror-names-them")
        return found

    done = run_membership(context, plan, dry_run=dry_run)
    files = [one.file for one in done.survey.plans if done.recipient in (*one.removed, *one.former)]
    values = replaceable(context.workspace, files)
    if context.json:
        facts = membership_facts(context, done, dry_run=dry_run)
        replace = [{"file": file, "path": path, "keyset": keyset} for file, path, keyset in values]
        context.output.json_object("recipients-remove", {**facts, "replace": replace})
        return
    tell_membership(context, done, "removed from", dry_run=dry_run)
    if values:
        context.output.talk(f"{name} keeps what they have read; replace these values:")
    for file, path, keyset in values:
        how = f"  (plana-secrets rotate run {keyset})" if keyset else ""
        context.output.data(f"{file}#{path}{how}")


ADVICE = {
    "mirror-names-them": "take them out of mirror.local.recipients in plana-secrets.toml first",
}
