"""``rotate redate``: date a move again that a wrong clock dated later than now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.commands.rotate import moves
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.rotation.apply import Rotation

_EPILOG = """\
Its wait starts again once the move is seen on the deployed branch. If this machine's
clock is behind, the wait would end too early: check the clock first.

\b
Examples:
  plana-secrets rotate redate shop/portal --commit --push
  plana-secrets rotate redate shop/portal --clock-is-right --commit
"""


@click.command(epilog=_EPILOG)
@moves.name_argument()
@click.option("--clock-is-right", is_flag=True, help="Confirm that this machine's clock is right.")
@moves.delivery_options
@pass_context
def redate(
    context: Context,
    name: str,
    clock_is_right: bool,
    commit: bool,
    push: bool,
    push_branch: str | None,
) -> None:
    """Correct a move that is dated in the future."""
    from plana_secrets.rotation.redate import redate_keyset

    delivery = moves.delivery_of(commit, push, push_branch)
    rotation = moves.open_rotation(context, delivery)
    rotation.store().policy(name)
    if not clock_is_right:
        _ask(context, rotation, name)
    moved = redate_keyset(rotation, name, delivery=delivery)
    moves.report(context, "rotate-redate", [rotation.status(name)], [moved])


def _ask(context: Context, rotation: Rotation, name: str) -> None:
    from plana_secrets.cli.terminal import confirm, is_interactive
    from plana_secrets.rotation.redate import dated_ahead

    for key in dated_ahead(rotation, name):
        dated = moves.instant(key.since)
        context.output.talk(
            f"{name}: {key.kid} became {key.status} at {dated}, later than now; "
            "its wait would start again"
        )
    now = moves.instant(context.now)
    if not is_interactive(context):
        raise UsageError(
            f"{name}: is {now} the current time?", kind="clock-unconfirmed", name=name, now=now
        )
    confirm(context, f"Is {now} the current time (UTC)?")


ADVICE: Final = {
    "clock-unconfirmed": "if it is, pass --clock-is-right; otherwise set the clock first",
}
