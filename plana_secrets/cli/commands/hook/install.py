"""``hook install``: let git verify commits and pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.hook.outcomes import (
    chosen_names,
    hook_options,
    show_outcomes,
)
from plana_secrets.cli.commands.hook.place import repository_for
from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.scaffold.hooks.outcome import Outcome
    from plana_secrets.scaffold.hooks.script import Program

_EPILOG = """\b
Examples:
  plana-secrets hook install
  plana-secrets hook install --pre-commit
  plana-secrets hook install --pre-receive --repo /srv/git/team.git
  plana-secrets hook install --merge --attributes
"""


@click.command(epilog=_EPILOG, short_help="Let git verify commits and pushes.")
@hook_options
@click.option("--merge", is_flag=True, help="The merge driver for secret files, in this clone.")
@click.option(
    "--attributes", is_flag=True, help="The same, and its lines written into .gitattributes."
)
@pass_context
def install(
    context: Context,
    pre_commit: bool,
    pre_push: bool,
    pre_receive: bool,
    merge: bool,
    attributes: bool,
) -> int:
    """Write hooks with which git verifies secret files before a commit and before a push.

    Without an option these are pre-commit and pre-push; in a repository without a work tree, as on
    a server, pre-receive. A hook that is not ours is never changed: the lines to add are printed,
    and the exit code is 1. The same holds for husky, lefthook and pre-commit.

    With --merge alone nothing but the merge driver is installed: in the settings of this clone, and
    with lines in .gitattributes that you commit for everyone. Each clone has to install it.
    """
    from plana_secrets.scaffold.hooks.githooks import install_hooks, names_for, this_program

    merge = merge or attributes
    chosen = chosen_names(pre_commit=pre_commit, pre_push=pre_push, pre_receive=pre_receive)
    program = this_program()
    outcomes = _install_merge(context, program, write=attributes) if merge else []
    if chosen or not merge:
        repository = repository_for(context)
        outcomes += install_hooks(repository, names_for(repository, chosen), program)
    return show_outcomes(context, "install", outcomes)


def _install_merge(context: Context, program: Program, *, write: bool) -> list[Outcome]:
    from plana_secrets.scaffold.hooks.mergedriver import (
        attribute_lines,
        install_attributes,
        install_driver,
        not_driven,
    )
    from plana_secrets.secretfiles.snapshot import work_tree

    repository, files = context.repository, work_tree(context.workspace).secret_files
    outcomes = [install_driver(repository, program)]
    lacking = not_driven(repository, files)
    if lacking or not files:
        lines = attribute_lines(context.settings.files.roots, lacking)
        outcomes.append(install_attributes(repository, lines, write=write))
    return outcomes
