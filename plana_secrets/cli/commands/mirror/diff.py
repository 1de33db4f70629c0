"""``mirror diff``: each difference by file and path, without values."""

from __future__ import annotations

import click

from plana_secrets.cli.commands.mirror import comparison
from plana_secrets.cli.commands.mirror.advice import advise, hint_at
from plana_secrets.cli.commands.mirror.several import each_mirror
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.secretfile import warn_if_pending

_EPILOG = """\
Kinds: missing, stale, extra, hand-edited, trashed, moved, retyped, duplicate,
undecryptable, unsupported, unknown, renamed, attached, altered, withdrawn. The paths
.title and .note are the item's own.

\b
Examples:
  plana-secrets mirror diff
  plana-secrets mirror diff --worktree --check
"""


@click.command(epilog=_EPILOG)
@click.option("--check", is_flag=True, help=comparison.CHECK_HELP)
@click.option("--worktree", is_flag=True, help=comparison.WORKTREE_HELP)
@click.option("--no-cache", is_flag=True, help=comparison.NO_CACHE_HELP)
@pass_context
@each_mirror
def diff(context: Context, check: bool, worktree: bool, no_cache: bool) -> int:
    """Show each path that differs."""
    warn_if_pending(context)
    state = comparison.read_state(context, worktree=worktree, cached=not no_cache)
    comparison.warn_of_source(context, state.source)
    if context.output.as_json:
        context.output.json_object("mirror-diff", comparison.state_object(state))
    else:
        context.output.table(comparison.drift_rows(state.drift), ("kind", "file", "path"))
    hint_at(context, [one.error for one in state.source.unknown])
    advise(context, state.drift, state.listing)
    return comparison.exit_of_check(state, check=check)
