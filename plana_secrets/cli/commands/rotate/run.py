"""``rotate run``: the next move of one keyset, or of every keyset that is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.commands.rotate import moves
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.rotation.apply import Moved
    from plana_secrets.rotation.landing import Delivery

_MOVES = ("publish", "promote", "retire", "destroy", "abort", "demote", "reinstate")

_EPILOG = """\
Without MOVE, make the next move; if you name a keyset, a rotation starts even before it
is due. A move that is too early is refused, with the time from which it is possible.

A rotation keeps the waits and callers with which it started; later settings can only
make it longer. --accept-outage uses the current settings, even if an adopted or removed
path is still read or callers have confirmed.

Where the deployed branch is protected, --push-branch PREFIX pushes each move to a branch
PREFIX-and-name and says which pull request to open; a branch that is not merged yet is left
as it is. Your clone and the deployed branch do not change.

With --due, the exit code is 0 if keysets moved or wait, and 1 if one is blocked.

\b
Examples:
  plana-secrets rotate run shop/portal --commit --push
  plana-secrets rotate run shop/portal abort
  plana-secrets rotate run --due --commit --push
  plana-secrets rotate run --due --push-branch rotation/
"""


@click.command(epilog=_EPILOG)
@moves.name_argument(required=False)
@click.argument("move", required=False, type=click.Choice(_MOVES), metavar="[MOVE]")
@click.option("--due", is_flag=True, help="Make one move for every keyset whose next move is due.")
@click.option("--dry-run", is_flag=True, help=moves.DRY_RUN_HELP)
@moves.accept_outage_option
@moves.delivery_options
@pass_context
def run(
    context: Context,
    name: str | None,
    move: str | None,
    due: bool,
    dry_run: bool,
    accept_outage: bool,
    commit: bool,
    push: bool,
    push_branch: str | None,
) -> int:
    """Make the next move of one keyset, or all that are due."""
    if due == (name is not None):
        words = "both were passed" if due else "neither was passed"
        raise UsageError(
            f"one keyset by its name, or all that are due with --due: {words}",
            kind="rotate-what",
            name=name,
        )
    if due and accept_outage:
        raise UsageError("--accept-outage needs the name of one keyset", kind="outage-by-job")
    delivery = moves.delivery_of(commit, push, push_branch)
    if name is None:
        return _run_due(context, delivery, dry_run=dry_run)
    return _run_one(context, name, move, delivery, dry_run=dry_run, accept_outage=accept_outage)


def _run_one(
    context: Context,
    name: str,
    move: str | None,
    delivery: Delivery,
    *,
    dry_run: bool,
    accept_outage: bool,
) -> int:
    from plana_secrets.rotation.apply import run_move
    from plana_secrets.rotation.keyset import Move

    rotation = moves.open_rotation(context, delivery)
    chosen = Move(move) if move else None

    def make(accepted: bool) -> Moved:
        return run_move(
            rotation, name, chosen, delivery=delivery, dry_run=dry_run, accept_outage=accepted
        )

    moved = moves.accepting_outage(context, make, accepted=accept_outage)
    moves.report(context, "rotate-run", [rotation.status(name)], [moved], dry_run=dry_run)
    return 0


def _run_due(context: Context, delivery: Delivery, *, dry_run: bool) -> int:
    from plana_secrets.rotation.apply import run_due

    rotation = moves.open_rotation(context, delivery)
    if not rotation.policies:
        raise UsageError("no keysets are configured", kind="no-keyset")
    done = run_due(rotation, delivery=delivery, dry_run=dry_run)
    for name in done.arrived:
        context.output.talk(f"{name}: the previous move has landed; its wait starts now")
    moves.report(
        context, "rotate-run", done.keysets, done.moved, dry_run=dry_run, waiting=done.waiting
    )
    return 1 if any(one.phase == "blocked" for one in done.keysets) else 0


ADVICE: Final = {
    "rotate-what": "`plana-secrets rotate run {name}` or `plana-secrets rotate run --due`",
}
