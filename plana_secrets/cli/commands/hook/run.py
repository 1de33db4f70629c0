"""``hook run``: what the hooks call. Without a finding it is silent."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.commands.hook.place import repository_for
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.output import safe_line

if TYPE_CHECKING:
    from plana_secrets.git.repository import Repository
    from plana_secrets.git.trees import Tree
    from plana_secrets.secretfiles.workspace import Workspace
    from plana_secrets.verify.ranges.pushes import Receiver, Update
    from plana_secrets.verify.report import Report

_EPILOG = """\b
Examples:
  plana-secrets hook run pre-commit
  plana-secrets hook run pre-push origin < lines-of-git
"""

_LINES: Final = 16 << 20
"""So many bytes of refs are read: about a hundred thousand."""


@click.command(epilog=_EPILOG, short_help="Verify what git is about to record or to push.")
@click.argument("name", type=click.Choice(["pre-commit", "pre-push", "pre-receive"]))
@click.argument("arguments", nargs=-1, metavar="[ARG]...")
@pass_context
def run(context: Context, name: str, arguments: tuple[str, ...]) -> int:
    """Verify what git is about to record or to push, as its hook.

    The arguments and the lines on stdin are those that git gives a hook of this name. No identity
    is looked for. A hook in which you call this must pass them on.
    """
    if name == "pre-commit":
        return _show(context, None, _verify_index(context))
    codes = [_show(context, ref, report) for ref, report in _reports(context, name, arguments)]
    return next((code for code in codes if code), 0)


def _show(context: Context, ref: str | None, report: Report) -> int:
    """What is wrong is shown in full; of mere warnings one line tells a person."""
    from plana_secrets.sops.model import Severity
    from plana_secrets.verify.report.summary import summary, totals
    from plana_secrets.verify.report.text import to_lines

    code = report.exit_code()
    place = f"{ref}: " if ref else ""
    if code:
        for line in to_lines(report, everything=context.output.verbosity > 0):
            context.output.advice(safe_line(line))
        if ref:
            context.output.data(safe_line(f"{ref} is refused"))
    elif report.counts[Severity.WARNING]:
        told = summary(report) if ref else f"{totals(report)}; next: plana-secrets verify"
        context.output.talk(safe_line(f"plana-secrets: {place}{told}"))
    return code


def _workspace(context: Context, repository: Repository) -> Workspace:
    """Settings are those of commits or of the index; none of the work tree are read."""
    from plana_secrets.age.identities import Identities
    from plana_secrets.secretfiles.settings import FilesSettings
    from plana_secrets.secretfiles.workspace import Workspace

    return Workspace(
        repository=repository,
        settings=FilesSettings(),
        find_identities=lambda: Identities(()),
        find_sops=context.find_sops,
    )


def _verify_index(context: Context) -> Report:
    from plana_secrets.config import settings_in
    from plana_secrets.secretfiles.snapshot import index
    from plana_secrets.verify.ranges.staged import verify_index
    from plana_secrets.verify.run import Demand

    repository = context.repository
    # git says which index it commits, wherever that is; our own commits have one in memory
    said = os.environ.get("GIT_INDEX_FILE")
    file = Path(os.path.realpath(repository.root / said)) if said else None
    snapshot = index(_workspace(context, repository), file)
    snapshot.tree.listing()  # whole, once: every question after it is answered from that
    settings = settings_in(snapshot.tree)
    demand = Demand(policy=settings.policy, keysets=settings.keysets, may_be_empty=True)
    return verify_index(snapshot.under(settings.files), demand, now=context.now)


def _reports(
    context: Context, name: str, arguments: tuple[str, ...]
) -> Iterator[tuple[str, Report]]:
    """Each ref of the push that brings something, with what was found."""
    from plana_secrets.cli.inputs import read_input
    from plana_secrets.cli.verifyplace import terms_in
    from plana_secrets.errors import UsageError
    from plana_secrets.git.repository import Repository
    from plana_secrets.verify.ranges.pushes import (
        ends_of_update,
        order,
        parse_pushed,
        parse_received,
    )
    from plana_secrets.verify.ranges.run import verify_range

    if sys.stdin.isatty():
        raise UsageError("a person gives no lines on stdin; git does", kind="bad-push")
    content = read_input(None, limit=_LINES, what="the push").reveal()
    if name == "pre-receive":
        repository = Repository.open_git_dir(context.repo or context.folder)
        updates = parse_received(content)
        receiver = _own_side(repository)
    else:
        repository, updates = repository_for(context), parse_pushed(content)
        receiver = _other_side(repository, arguments[0] if arguments else "")
    workspace = _workspace(context, repository)
    for update in order(updates, receiver):
        ends = ends_of_update(repository, update, receiver)
        if ends is None:
            continue
        yield (
            update.ref,
            verify_range(workspace, ends, terms_in, now=context.now, may_be_empty=True),
        )
        receiver = _with(receiver, update)


def _with(receiver: Receiver, update: Update) -> Receiver:
    """What was judged by one ref is not judged again by the next."""
    new = (update.new,) if update.new else ()
    return replace(receiver, known=(*receiver.known, *new))


def _own_side(repository: Repository) -> Receiver:
    from plana_secrets.verify.ranges.pushes import know_receiver

    branch = repository.branch()
    if branch is None or repository.resolve(f"refs/heads/{branch}") is None:
        branch = repository.default_branch()  # a HEAD that no one pushes to: main or master
    return know_receiver(repository, ("--all",), "refs/heads/", branch, _deployed_branch)


def _other_side(repository: Repository, remote: str) -> Receiver:
    """What was last seen of a remote; a bare address may be any of them, by another name."""
    from plana_secrets.verify.ranges.pushes import Receiver, know_receiver

    if remote not in repository.remote_names():
        return Receiver(("--remotes",), (), None)
    branch = replace(repository, deployed_remote=remote).default_branch()
    refs = f"refs/remotes/{remote}/"
    return know_receiver(repository, (f"--remotes={remote}",), refs, branch, _deployed_branch)


def _deployed_branch(tree: Tree) -> str | None:
    from plana_secrets.config import settings_in

    return settings_in(tree).branch
