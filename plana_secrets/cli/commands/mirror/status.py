"""``mirror status``: one look at how files and mirror differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.mirror import comparison
from plana_secrets.cli.commands.mirror.several import each_mirror
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.secretfile import warn_if_pending

if TYPE_CHECKING:
    from plana_secrets.mirror.state import MirrorState

_EPILOG = """\b
Examples:
  plana-secrets mirror status
  plana-secrets mirror status --check
"""


@click.command(epilog=_EPILOG)
@click.option("--check", is_flag=True, help=comparison.CHECK_HELP)
@click.option("--worktree", is_flag=True, help=comparison.WORKTREE_HELP)
@click.option("--no-cache", is_flag=True, help=comparison.NO_CACHE_HELP)
@pass_context
@each_mirror
def status(context: Context, check: bool, worktree: bool, no_cache: bool) -> int:
    """Show whether files and mirror agree."""
    warn_if_pending(context)
    state = comparison.read_state(context, worktree=worktree, cached=not no_cache)
    comparison.warn_of_source(context, state.source)
    if context.output.as_json:
        context.output.json_object("mirror-status", comparison.state_object(state))
    else:
        _show(context, state)
    return comparison.exit_of_check(state, check=check)


def _show(context: Context, state: MirrorState) -> None:
    source, listing = state.source, state.listing
    context.output.table(
        [
            ("mirror", state.backend),
            ("files", f"{source.count} read, {len(source.unknown)} unknown"),
            ("items", f"{listing.count} from this repository, {listing.foreign} foreign"),
            ("drift", comparison.count_kinds(state.drift)),
        ]
    )
    if state.in_sync:
        context.output.styled_data("in sync", "green")
    else:
        context.output.styled_data(
            "not in sync; `plana-secrets mirror diff` shows the differences", "yellow"
        )
