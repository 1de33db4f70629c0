"""``mirror sync``: make the mirror what the commit at HEAD says, and look whether it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.commands.mirror import comparison, outcome
from plana_secrets.cli.commands.mirror.several import each_mirror
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option

if TYPE_CHECKING:
    from pathlib import Path

    from plana_secrets.mirror.apply import Applied
    from plana_secrets.mirror.backend import Backend
    from plana_secrets.mirror.drift import Choices
    from plana_secrets.mirror.state import MirrorState
    from plana_secrets.observability import Observer

_EPILOG = """\
Not changed: values edited in the mirror (unless --overwrite-edits), items of removed
files (unless --prune), and files that cannot be read here.

\b
Examples:
  plana-secrets mirror sync --dry-run
  plana-secrets mirror sync
  plana-secrets mirror sync --prune
"""


@dataclass(frozen=True)
class _Request:
    """The options of one run."""

    dry_run: bool
    check: bool
    prune: bool
    overwrite_edits: bool
    worktree: bool
    allow_older: bool
    confirm: bool
    as_owner: bool
    no_cache: bool

    @property
    def is_rehearsal(self) -> bool:
        return self.dry_run or self.check

    @property
    def choices(self) -> Choices:
        from plana_secrets.mirror.drift import Choices

        return Choices(
            prune=self.prune, overwrite_edits=self.overwrite_edits, restamp=self.allow_older
        )


@click.command(epilog=_EPILOG)
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
@click.option("--check", is_flag=True, help="Like --dry-run, but exit with 1 if there is drift.")
@click.option("--prune", is_flag=True, help="Permanently delete the items of removed files.")
@click.option(
    "--overwrite-edits", is_flag=True, help="Overwrite values edited in the mirror; a copy is kept."
)
@click.option("--worktree", is_flag=True, help=comparison.WORKTREE_HELP)
@click.option(
    "--allow-older", is_flag=True, help="Sync even if HEAD is older or on another history."
)
@click.option(
    "--confirm", is_flag=True, help="Proceed with no files, many deletions, or a new location."
)
@click.option(
    "--as-owner", is_flag=True, help="Log in as an owner; also fix items in no collection."
)
@click.option("--no-cache", is_flag=True, help=comparison.NO_CACHE_HELP)
@wait_option
@pass_context
@each_mirror
def sync(context: Context, /, **options: bool) -> int:
    """Update the mirror to the commit at HEAD."""
    request = _Request(**options)
    with comparison.progress_observer(context) as observer:
        backend = _open(context, observer, request)
        if request.is_rehearsal:
            _, state = _look(context, backend, request)
            outcome.show_rehearsal(context, state, backend.requests)
            return comparison.exit_of_check(state, check=request.check)
        with _alone(context):
            sight, state = _look(context, backend, request)
            applied = _apply(context, request, sight, state, observer)
    outcome.show(context, state, applied, backend.requests)
    failed = outcome.exit_of_failed(applied.failed)
    return comparison.exit_of_unknown(state.source) or failed or int(bool(applied.left))


def _open(context: Context, observer: Observer, request: _Request) -> Backend:
    from plana_secrets.errors import UsageError
    from plana_secrets.mirror.open import open_backend
    from plana_secrets.mirror.people import check_people
    from plana_secrets.secretfiles.writing.journal import stop_if_pending

    stop_if_pending(context.workspace)
    check_people(context.settings.mirror, lambda: comparison.known_people(context))
    chosen = context.settings.mirror.chosen
    if request.as_owner and chosen is not None and not chosen.HAS_OWNERS:
        raise UsageError(f"a {chosen.name} mirror has no owners", kind="no-owners")
    around = comparison.surroundings(context, observer, as_owner=request.as_owner)
    if chosen is not None and not request.is_rehearsal:
        around.take_over()
    return open_backend(context.settings.mirror, around)


ADVICE: Final = {"no-owners": "omit --as-owner"}


@contextmanager
def _alone(context: Context) -> Iterator[None]:
    """One sync of this clone at a time, and of a mirror that all clones share."""
    from plana_secrets.locks import locked
    from plana_secrets.mirror.surroundings import make_state_folder

    with ExitStack() as stack:
        for folder in _folders_of_locks(context):
            make_state_folder(folder)
            lock = folder / "mirror.lock"
            stack.enter_context(locked(lock, command="mirror sync", patience=context.patience))
        yield


def _folders_of_locks(context: Context) -> Iterator[Path]:
    from plana_secrets.secretfiles.state import shared_state_folder

    folder, chosen = shared_state_folder(context.repository), context.settings.mirror.chosen
    is_writable = os.access(folder if folder.exists() else folder.parent, os.W_OK)
    if is_writable:
        yield folder
    if not is_writable or (chosen is not None and chosen.KEEPS_STATE):  # a job may only read it
        yield comparison.surroundings(context).repository_folder


def _look(
    context: Context, backend: Backend, request: _Request
) -> tuple[comparison.Sight, MirrorState]:
    """The state, once nothing speaks against a sync from here."""
    from plana_secrets.mirror.guards import (
        check_branch,
        check_claims,
        check_descent,
        check_extent,
        check_owner,
    )

    repository = context.workspace.repository
    branch = context.settings.mirror.branch or context.branch
    if not request.allow_older:
        check_branch(repository, repository.head(), branch)
    sight = comparison.sight(
        context,
        worktree=request.worktree,
        choices=request.choices,
        backend=backend,
        cached=not request.no_cache,
    )
    state = sight.take()
    check_owner(
        repository,
        state.source.head,
        state.listing,
        owner=context.settings.repository,
        forked_from=context.settings.mirror.forked_from,
    )
    if not request.allow_older:
        check_descent(repository, state.source.head, state.listing)
    if not (request.confirm or request.is_rehearsal):
        if context.settings.mirror.chosen is not None:
            context.settings.mirror.chosen.check_place(comparison.surroundings(context))
        check_claims(repository, state.source.head, state.plan)
        check_extent(state.plan, state.wanted, state.listing)
    comparison.warn_of_source(context, state.source)
    return sight, state


def _apply(
    context: Context,
    request: _Request,
    sight: comparison.Sight,
    state: MirrorState,
    observer: Observer,
) -> Applied:
    from plana_secrets.mirror.apply import Applied, apply_mirror
    from plana_secrets.mirror.keep import keep_item

    if state.plan.is_empty:
        return Applied.nothing(state.plan, state.listing)
    around = comparison.surroundings(context)
    applied = apply_mirror(
        sight.backend,
        state.wanted,
        state.plan,
        request.choices,
        keep=lambda item: keep_item(context.workspace, around.repository_folder / "kept", item),
        look=sight.look.again,
        observer=observer,
    )
    sight.keep(applied.after)
    return applied
