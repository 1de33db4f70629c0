"""``hook uninstall``: remove the hooks that ``hook install`` wrote."""

from __future__ import annotations

import click

from plana_secrets.cli.commands.hook.outcomes import (
    chosen_names,
    hook_options,
    show_outcomes,
)
from plana_secrets.cli.commands.hook.place import repository_for
from plana_secrets.cli.context import Context, pass_context

_EPILOG = """\b
Examples:
  plana-secrets hook uninstall
  plana-secrets hook uninstall --pre-push
"""


@click.command(epilog=_EPILOG, short_help="Remove the hooks that install wrote.")
@hook_options
@pass_context
def uninstall(context: Context, pre_commit: bool, pre_push: bool, pre_receive: bool) -> int:
    """Remove the hooks that `plana-secrets hook install` wrote; without an option, all of them.

    Hooks of others are left alone, and so is one that install wrote and a person changed.
    """
    from plana_secrets.scaffold.hooks.githooks import NAMES, uninstall_hooks

    chosen = chosen_names(pre_commit=pre_commit, pre_push=pre_push, pre_receive=pre_receive)
    outcomes = uninstall_hooks(repository_for(context), chosen or NAMES)
    return show_outcomes(context, "uninstall", outcomes)
