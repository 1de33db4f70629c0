"""``mirror diff``: each difference by file and path, without values."""

from __future__ import annotations

import click

from plana_secrets.cli.commands.mirror import session
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.secretfile import warn_if_pending

_EPILOG = """\
Kinds: missing, stale, extra, hand-edited, trashed, moved, retyped, duplicate,
undecryptable, unsupported, unknown. The paths .title and .note are the item's own.

\b
Examples:
  plana-secrets mirror diff
  plana-secrets mirror diff --worktree --check
"""


@click.command(epilog=_EPILOG)
@click.option("--check", is_flag=True, help=session.CHECK_HELP)
@click.option("--worktree", is_flag=True, help=session.WORKTREE_HELP)
@pass_context
def diff(context: Context, check: bool, worktree: bool) -> int:
    """Show each path that differs."""
    warn_if_pending(context)
    state = session.read_state(context, worktree=worktree)
    session.warn_of_source(context, state.source)
    if context.output.as_json:
        context.output.json_object("mirror-diff", session.state_object(state))
    else:
        context.output.table(session.drift_rows(state.drift), ("kind", "file", "path"))
    return session.exit_of_check(state, check=check)
