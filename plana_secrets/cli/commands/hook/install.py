"""``hook install``: let git verify commits and pushes."""

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
  plana-secrets hook install
  plana-secrets hook install --pre-commit
  plana-secrets hook install --pre-receive --repo /srv/git/team.git
"""


@click.command(epilog=_EPILOG, short_help="Let git verify commits and pushes.")
@hook_options
@pass_context
def install(context: Context, pre_commit: bool, pre_push: bool, pre_receive: bool) -> int:
    """Write hooks with which git verifies secret files before a commit and before a push.

    Without an option these are pre-commit and pre-push; in a repository without a work tree, as on
    a server, pre-receive. A hook that is not ours is never changed: the lines to add are printed,
    and the exit code is 1. The same holds for husky, lefthook and pre-commit.
    """
    from plana_secrets.scaffold.hooks.githooks import install_hooks, names_for, this_program

    repository = repository_for(context)
    chosen = chosen_names(pre_commit=pre_commit, pre_push=pre_push, pre_receive=pre_receive)
    names = names_for(repository, chosen)
    return show_outcomes(context, "install", install_hooks(repository, names, this_program()))
