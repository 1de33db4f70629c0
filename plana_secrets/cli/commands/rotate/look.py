"""``rotate list`` and ``rotate plan``: how keysets are, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.rotate import moves
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.times import relative

if TYPE_CHECKING:
    from plana_secrets.rotation.plan import KeysetStatus

_LIST_EPILOG = """\b
Examples:
  plana-secrets rotate list
  plana-secrets rotate list --check      exit 1 if one is overdue or blocked
  plana-secrets --json rotate list
"""

_PLAN_EPILOG = """\b
Examples:
  plana-secrets rotate plan shop/portal
  plana-secrets rotate plan
"""


@click.command("list", epilog=_LIST_EPILOG)
@click.option("--check", is_flag=True, help="Exit with 1 if a keyset is overdue or blocked.")
@pass_context
def list_(context: Context, check: bool) -> int:
    """List keysets, their phase and next move."""
    statuses = _read(context)
    if context.output.as_json:
        keysets = [moves.describe_keyset(one) for one in statuses]
        context.output.json_object("rotate-list", {"keysets": keysets})
    else:
        _show_list(context, statuses)
    bad = any(one.overdue or one.phase == "blocked" for one in statuses)
    return 1 if check and bad else 0


def _show_list(context: Context, statuses: tuple[KeysetStatus, ...]) -> None:
    rows = [
        (
            one.name,
            one.policy.kind,
            str(one.phase),
            "overdue" if one.overdue else "",
            moves.sentence_on_next(one, context.now),
        )
        for one in statuses
    ]
    context.output.table(rows, ("name", "kind", "phase", "", "next"))
    for one in statuses:
        for line in moves.sentences_on_waits(one):
            context.output.talk(f"{one.name}: {line}")
        if not one.authenticated:
            context.output.warn(f"{one.name}: not verified: no identity opens it")
    if not statuses:
        context.output.talk("no keysets are configured")


@click.command(epilog=_PLAN_EPILOG)
@moves.name_argument(required=False)
@pass_context
def plan(context: Context, name: str | None) -> int:
    """Show the next move of a keyset, and when.

    Nothing is changed; `rotate run` makes the move.
    """
    from plana_secrets.rotation.store import KeysetStore

    if name is not None:
        KeysetStore(context.workspace, context.in_force.policies).policy(name)
    statuses = tuple(one for one in _read(context) if name in {None, one.name})
    if context.output.as_json:
        keysets = [moves.describe_keyset(one) for one in statuses]
        context.output.json_object("rotate-plan", {"keysets": keysets})
    else:
        for one in statuses:
            _show_plan(context, one)
    return 0


def _show_plan(context: Context, status: KeysetStatus) -> None:
    context.output.data(moves.sentence(status, context.now))
    for line in moves.sentences_on_waits(status):
        context.output.data(f"  {line}")
    if status.keyset:
        rows = [
            (
                f"  {key.kid}",
                str(key.status),
                relative(key.since, context.now) if key.since else "not landed",
            )
            for key in status.keyset.keys
        ]
        context.output.table(rows)


def _read(context: Context) -> tuple[KeysetStatus, ...]:
    from plana_secrets.rotation.status import list_keysets

    moves.warn_of_ignored(context)
    return list_keysets(context.workspace, context.in_force.policies, context.now)
