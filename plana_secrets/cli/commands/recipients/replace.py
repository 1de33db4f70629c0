"""``recipients replace``: a person, job or cluster gets another key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.commands.recipients.joining import (
    Run,
    change_facts,
    commit_option,
    exit_code_of,
    leave_option,
    list_values,
    run_change,
    tell_change,
    values_facts,
)
from plana_secrets.cli.commands.recipients.naming import complete_name, names_of
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.terminal import confirm, is_interactive
from plana_secrets.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from plana_secrets.recipients.plan import Demand
    from plana_secrets.recipients.replacing import Exchange, Replacement

_EPILOG = """\
The key of a cluster is replaced in two runs: the first one adds NEW; the second one, after that
was deployed and the cluster has NEW, removes OLD.

\b
Examples:
  plana-secrets recipients replace bob age1...
  plana-secrets recipients replace bob age1... --lost --commit
  plana-secrets recipients replace ann age1pq1... bob age1pq1... recovery age1pq1...
  plana-secrets recipients replace flux-prod age1... --confirmed
"""


@click.command(epilog=_EPILOG, short_help="Give a reader another key.")
@click.argument(
    "pairs", nargs=-1, required=True, metavar="OLD NEW [OLD NEW]...", shell_complete=complete_name
)
@click.option("--lost", is_flag=True, help="Others may have the old key: list what to replace.")
@click.option(
    "--confirmed", is_flag=True, help="The new key is in the cluster; remove the old one."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@leave_option
@commit_option
@wait_option
@pass_context
def replace(
    context: Context,
    pairs: tuple[str, ...],
    lost: bool,
    confirmed: bool,
    dry_run: bool,
    leave: bool,
    commit: bool,
) -> int:
    """Put the recipient NEW in place of OLD, a name or a recipient, everywhere.

    Rules, settings and files are written together, or none of them. What OLD could open gets
    a new data key. With more than one pair, all are replaced in one change.
    """
    from plana_secrets.age.recipients import parse_recipient
    from plana_secrets.recipients.people import replaceable
    from plana_secrets.recipients.replacing import plan_replacement

    if len(pairs) % 2:
        raise UsageError("OLD and NEW come in pairs", kind="usage")
    wanted = [
        (old, parse_recipient(new).text) for old, new in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    kinds = {name: str(one.kind) for name, one in context.settings.policy.recipients.items()}
    run = Run(dry_run, commit, leave)

    def plan(demand: Demand) -> Replacement:
        found = plan_replacement(context.workspace, wanted, demand, kinds)
        for one in found.exchanges:
            if one.phase == "finished" and not run.dry_run:
                _check_deployed(context, one, confirmed=confirmed)
        return found

    who = ", ".join(dict.fromkeys(old for old, _ in wanted if len(old) < 60)) or "a reader"
    message = f"Replace the key of {who}"
    done, written = run_change(context, plan, run, message, lambda done: _names(context, done))
    values = replaceable(context.workspace, done.change.files_of(done.gone)) if lost else []
    if context.json:
        facts = change_facts(context, done.change, run)
        more = {"replace": values_facts(values), "commit": written}
        listed = [_facts(one) for one in done.exchanges]
        context.output.json_object("recipients-replace", {"replaced": listed, **facts, **more})
        return exit_code_of(done.change.survey)
    _tell(context, done, run)
    if lost:
        context.output.talk("anyone who has the old key can read what it opened; replace:")
        list_values(context, values)
    return exit_code_of(done.change.survey)


def _names(context: Context, planned: Replacement) -> set[str]:
    from plana_secrets.recipients.names import NEXT

    known = names_of(context)
    named = {name for one in planned.exchanges for name in known.names_of(one.old)}
    return named | {f"{name}{NEXT}" for name in named}


def _check_deployed(context: Context, one: Exchange, *, confirmed: bool) -> None:
    """The cluster reads files for both keys, and has the new one.

    Raises:
        ConflictError: it still reads files that only the old key opens (kind
            ``new-key-not-deployed``).
        UsageError: no one said that the new key is in the cluster (kind ``not-confirmed``).
    """
    from plana_secrets.recipients.replacing import find_unprepared

    repository, branch = context.workspace.repository, context.branch
    if repository.has_remote() and branch is not None:
        place, commit = f"{branch} of the remote", repository.fetch(branch=branch)
    else:
        place, commit = "the last commit", repository.head()
    left = find_unprepared(context.workspace, commit, one)
    if left:
        raise ConflictError(
            f"in {place}, the new key of {one.shown} does not open {left[0]} yet",
            kind="new-key-not-deployed",
            retry=False,
            file=left[0],
        )
    if confirmed:
        return
    if not is_interactive(context):
        raise UsageError(
            f"is the new key of {one.shown} in the cluster, beside the old one?",
            kind="not-confirmed",
        )
    confirm(context, f"is the new key of {one.shown} in the cluster, beside the old one?")


_WHAT: Final = {
    "replaced": "given another key in",
    "added": "given a second key in",
    "finished": "left with the new key in",
}


def _tell(context: Context, done: Replacement, run: Run) -> None:
    from plana_secrets.age.recipients import fingerprint_aloud

    output = context.output
    who = ", ".join(one.shown for one in done.exchanges)
    phases = {one.phase for one in done.exchanges}
    what = _WHAT[phases.pop()] if len(phases) == 1 else _WHAT["replaced"]
    tell_change(context, who, what, done.change, run)
    for one in done.exchanges:
        output.talk(f"{one.shown}: fingerprint of the new key: {fingerprint_aloud(one.new)}")
        if one.phase == "added":
            output.talk(
                f"{one.shown}: the old key stays; put the new one into the cluster beside it, "
                "deploy this, then run the same command again"
            )


def _facts(one: Exchange) -> dict[str, object]:
    from plana_secrets.age.recipients import fingerprint_aloud

    return {
        "name": one.name,
        "old": one.old,
        "new": one.new,
        "fingerprint": fingerprint_aloud(one.new),
        "phase": one.phase,
    }


ADVICE = {
    "new-key-not-deployed": "commit and push what the first run wrote, and wait until it is merged",
    "not-confirmed": "if it is, pass --confirmed",
}
