"""``recipients request``: what a newcomer sends to the person who lets them in."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import TypedPath
from plana_secrets.cli.commands.recipients.naming import demand_of, rules_by_name
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.cli.newidentities import PlannedIdentity
    from plana_secrets.sops.rules.rulesfile import Rules

_EPILOG = """\
If NAME has a key already, the command replaces it: a new laptop, or a key that was lost.

\b
Examples:
  plana-secrets recipients request eve
  plana-secrets recipients request eve --rule 2 --rule 3
  plana-secrets recipients request eve --lost
"""


@click.command(epilog=_EPILOG, short_help="Ask to become a reader.")
@click.argument("name", metavar="NAME")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Number of a rule in `recipients list`, or its path_regex; default: all.",
)
@click.option(
    "--kind",
    type=click.Choice(["staff", "job", "cluster", "recovery"]),
    default="staff",
    help="Kind of reader; default: staff.",
)
@click.option("--lost", is_flag=True, help="Others may have your old key.")
@click.option(
    "--post-quantum", is_flag=True, help="Use a post-quantum identity, as where all have one."
)
@click.option(
    "--output",
    "-o",
    type=TypedPath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep a new identity in this file, readable only by you.",
)
@pass_context
def request(
    context: Context,
    name: str,
    rules: tuple[str, ...],
    kind: str,
    lost: bool,
    post_quantum: bool,
    output: Path | None,
) -> None:
    """Print the command with which a reader lets you, as NAME, read the secrets.

    Your identity is used, or created and stored as `identity new` does. Only its recipient is
    in the command, and that is public. Read the fingerprint to the person who runs it.
    """
    from plana_secrets.age.recipients import fingerprint_aloud
    from plana_secrets.cli.newidentities import plan_own

    hybrid = post_quantum or context.settings.policy.post_quantum or _is_hybrid_only(context)
    planned = plan_own(context, output, hybrid=hybrid)
    command = _command(context, name, planned.recipient, rules, kind, lost=lost)
    planned.create(context)
    fingerprint = fingerprint_aloud(planned.recipient)
    if context.json:
        context.output.json_object(
            "recipients-request",
            {
                "name": name,
                "recipient": planned.recipient,
                "fingerprint": fingerprint,
                "created": planned.new is not None,
                "command": command,
            },
        )
        return
    _tell(context, planned, fingerprint)
    context.output.data(command)


def _is_hybrid_only(context: Context) -> bool:
    """Whether every recipient of the rules is post-quantum: another would undo the promise."""
    from plana_secrets.age.recipients import is_post_quantum
    from plana_secrets.recipients.access import root_rules

    rules = root_rules(context.keyless_workspace).creation_rules
    every = [one for rule in rules for one in rule.recipients]
    return bool(every) and all(map(is_post_quantum, every))


def _command(
    context: Context,
    name: str,
    recipient: str,
    rules: tuple[str, ...],
    kind: str,
    *,
    lost: bool,
) -> str:
    """What the other person runs, tried here as far as it goes without their identity.

    Raises:
        UsageError, FailedError: it would be refused there, too.
    """
    from plana_secrets.recipients.access import root_rules
    from plana_secrets.recipients.people import check_addition, is_replacement

    demand = demand_of(context)
    words = ["plana-secrets", "recipients"]
    if is_replacement(name, recipient, demand):
        if rules:
            raise UsageError(f"{name} keeps the rules that they have; omit --rule", kind="usage")
        return shlex.join([*words, "replace", name, recipient, *(["--lost"] if lost else [])])
    if lost and name in demand.keys:
        raise UsageError(
            f"your identity is the key of {name} itself; create another with --output FILE",
            kind="usage",
        )
    if lost:
        raise UsageError(f"{name} has no key that could be lost; omit --lost", kind="usage")
    known = root_rules(context.keyless_workspace)
    chosen = rules_by_name(known, rules or ("all",))
    check_addition(context.keyless_workspace, name, recipient, chosen, demand)
    wanted = [f"--rule={_spelled(known, one)}" for one in rules or ("all",)]
    kinds = [] if kind == "staff" else ["--kind", kind]
    return shlex.join([*words, "add", name, recipient, *wanted, *kinds])


def _spelled(known: Rules, text: str) -> str:
    """A rule by its pattern, since numbers change when a rule is added."""
    numbered = [one for one in known.creation_rules if str(one.position) == text]
    pattern = numbered[0].path_regex if numbered else None
    same = [one for one in known.creation_rules if one.path_regex == pattern]
    return pattern if pattern and len(same) == 1 else text


def _tell(context: Context, planned: PlannedIdentity, fingerprint: str) -> None:
    output = context.output
    output.talk(
        planned.words if planned.new is None else planned.words.replace("create", "created")
    )
    if planned.advice:
        output.talk(planned.advice)
    output.talk(f"fingerprint of your key: {fingerprint}")
    output.talk("send this command to a reader, and read the fingerprint to them:")
