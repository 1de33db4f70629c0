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
  plana-secrets hook uninstall --merge
"""


@click.command(epilog=_EPILOG, short_help="Remove the hooks that install wrote.")
@hook_options
@click.option("--merge", is_flag=True, help="The merge driver, in this clone.")
@pass_context
def uninstall(
    context: Context, pre_commit: bool, pre_push: bool, pre_receive: bool, merge: bool
) -> int:
    """Remove the hooks that `plana-secrets hook install` wrote; without an option, all of them.

    Hooks of others are left alone, and so is one that install wrote and a person changed.
    """
    from plana_secrets.scaffold.hooks.githooks import NAMES, uninstall_hooks
    from plana_secrets.scaffold.hooks.mergedriver import uninstall_driver

    chosen = chosen_names(pre_commit=pre_commit, pre_push=pre_push, pre_receive=pre_receive)
    repository = repository_for(context)
    outcomes = uninstall_hooks(repository, chosen if chosen or merge else NAMES)
    driver = uninstall_driver(repository) if merge or not chosen else None
    # without an option it is told of only if it was there
    if driver is not None and (merge or driver.state != "absent"):
        outcomes.append(driver)
    return show_outcomes(context, "uninstall", outcomes)
