"""What ``recipients add`` and ``remove`` have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from plana_secrets.cli.commands.recipients.naming import demand_of, names_of, plan_facts
from plana_secrets.cli.context import Context
from plana_secrets.counts import counted
from plana_secrets.errors import FailedError

if TYPE_CHECKING:
    from plana_secrets.recipients.people import Membership
    from plana_secrets.recipients.plan import Demand


def run_membership(
    context: Context, plan: Callable[[Demand], Membership], *, dry_run: bool
) -> Membership:
    """Plan, and write unless it is a dry run."""
    from plana_secrets.recipients.people import apply_membership
    from plana_secrets.secretfiles.writing.writer import writing

    demand = demand_of(context)
    if dry_run:
        membership = plan(demand)
        _check_settings(context, membership)
        return membership
    with writing(context.workspace, "recipients"):
        membership = plan(demand)
        _check_settings(context, membership)
        with context.output.progress("recipients", len(membership.survey.plans)) as advance:
            apply_membership(membership, lambda: advance(1))
    return membership


def _check_settings(context: Context, membership: Membership) -> None:
    """The new settings differ in this one name; their text was changed, not their meaning."""
    from plana_secrets.config.schema import parse_settings

    after, before = parse_settings(membership.settings), context.settings
    bare = replace(before.policy, recipients={}), replace(after.policy, recipients={})
    names = set(after.policy.recipients) ^ set(before.policy.recipients)
    if replace(before, policy=bare[0]) != replace(after, policy=bare[1]) or not names <= {
        membership.name
    }:
        raise FailedError("the settings cannot be changed here", kind="settings-by-hand")


def membership_facts(
    context: Context, membership: Membership, *, dry_run: bool
) -> dict[str, object]:
    """For ``--json``."""
    names = names_of(context)
    return {
        "name": membership.name,
        "recipient": membership.recipient,
        "rules": list(membership.positions),
        "files": [plan_facts(plan, names) for plan in membership.survey.plans],
        "dry_run": dry_run,
    }


def tell_membership(context: Context, membership: Membership, what: str, *, dry_run: bool) -> None:
    """One sentence: what was done, or would be."""
    verb = "would be" if dry_run else "is"
    rules = counted(len(membership.positions), "rule")
    files = counted(len(membership.survey.plans), "file")
    context.output.talk(f"{membership.name} {verb} {what} {rules} and {files}")
