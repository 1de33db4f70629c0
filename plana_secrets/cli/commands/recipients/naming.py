"""Recipients by their names, for people and for ``--json``, and what the settings demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.context import Context
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from plana_secrets.recipients.names import Names
    from plana_secrets.recipients.plan import Demand, ReaderPlan
    from plana_secrets.sops.rules.rulesfile import Rules


def complete_name(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names in ``[recipients]``."""
    from click.shell_completion import CompletionItem

    try:
        context = ctx.find_object(Context) or Context()
        names = list(context.settings.policy.recipients)
    except Exception:  # noqa: BLE001 - a completion has no one to tell
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def demand_of(context: Context) -> Demand:
    """What every file must keep."""
    from plana_secrets.recipients.plan import Demand

    policy = context.settings.policy
    keys = {name: entry.key for name, entry in policy.recipients.items()}
    return Demand(policy.min_recipients, policy.required, keys, policy.named)


def names_of(context: Context) -> Names:
    """The names of ``[recipients]``."""
    from plana_secrets.recipients.names import Names

    known = context.settings.policy.recipients
    return Names({name: entry.key for name, entry in known.items()})


def readers_by_rule(context: Context) -> set[str]:
    """The recipients of all creation rules, as the working tree has them."""
    from plana_secrets.recipients.rulesedit import recipients_of
    from plana_secrets.secretfiles.snapshot import rules_in_use

    every = rules_in_use(context.workspace)
    return {one for rules in every for rule in rules.creation_rules for one in recipients_of(rule)}


def listed(recipients: Iterable[str], names: Names) -> list[dict[str, str | None]]:
    """Recipients for ``--json``."""
    return [{"name": names.name_of(one), "recipient": one} for one in recipients]


def plan_facts(plan: ReaderPlan, names: Names) -> dict[str, object]:
    """A plan for ``--json``."""
    return {
        "file": plan.file,
        "added": listed(plan.added, names),
        "removed": listed(plan.removed, names),
        "former": listed(plan.former, names),
        "new_data_key": plan.new_data_key,
    }


def rules_by_name(known: Rules, wanted: Iterable[str]) -> set[int]:
    """The positions of rules that a person named: by number, by pattern, or all that have age
    recipients.

    Raises:
        UsageError: there is no such rule (kind ``no-such-rule``).
    """
    found: set[int] = set()
    for text in wanted:
        these = {
            one.position
            for one in known.creation_rules
            if text in {str(one.position), one.path_regex} or (text == "all" and one.recipients)
        }
        if not these:
            raise UsageError(f"no rule {text} in {known.file}", kind="no-such-rule")
        found |= these
    return found


ADVICE = {
    "no-such-rule": "`plana-secrets recipients list` shows the rules with their numbers",
}
