"""``mirror sync``: make the mirror what the commit at HEAD says, and look whether it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from plana_secrets.cli.commands.mirror import session
from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.mirror.apply import Applied
    from plana_secrets.mirror.backend import Backend
    from plana_secrets.mirror.plan import Choices
    from plana_secrets.mirror.state import MirrorState
    from plana_secrets.observability import Observer

_EPILOG = """\b
Left as it is: what somebody typed into the mirror (without --overwrite-edits),
items of removed files (without --prune), files that cannot be read here.

\b
Examples:
  plana-secrets mirror sync --dry-run
  plana-secrets mirror sync
  plana-secrets mirror sync --prune
"""

_ADVICE = {
    "hand-edited": "take it with `plana-secrets mirror adopt FILE PATH`, "
    "or overwrite it with `plana-secrets mirror sync --overwrite-edits`",
    "retyped": "`plana-secrets mirror sync --overwrite-edits` makes the item anew",
    "undecryptable": "`plana-secrets mirror sync --overwrite-edits` makes the item anew",
    "extra": "`plana-secrets mirror sync --prune` deletes the items of removed files",
}


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

    @property
    def is_rehearsal(self) -> bool:
        return self.dry_run or self.check

    @property
    def choices(self) -> Choices:
        from plana_secrets.mirror.plan import Choices

        return Choices(prune=self.prune, overwrite_edits=self.overwrite_edits)


@click.command(epilog=_EPILOG)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--check", is_flag=True, help="Like --dry-run, and exit with 1 on drift.")
@click.option("--prune", is_flag=True, help="Delete the items of removed files for good.")
@click.option("--overwrite-edits", is_flag=True, help="Overwrite hand edits; old items are kept.")
@click.option("--worktree", is_flag=True, help=session.WORKTREE_HELP)
@click.option("--allow-older", is_flag=True, help="Go back to an older or another history.")
@click.option("--confirm", is_flag=True, help="Go on with no files, or with many deletions.")
@pass_context
def sync(context: Context, /, **options: bool) -> int:
    """Make the mirror what the commit at HEAD says."""
    request = _Request(**options)
    with session.progress_observer(context) as observer:
        backend = _open(context, observer)
        if request.is_rehearsal:
            state = _look(context, backend, request)
            return _rehearse(context, state, request, backend.requests)
        with _alone(context):
            state = _look(context, backend, request)
            applied = _apply(context, backend, state, request, observer)
    return _report(context, state, applied, backend.requests)


def _open(context: Context, observer: Observer) -> Backend:
    from plana_secrets.mirror.open import open_backend
    from plana_secrets.secretfiles.journal import stop_if_pending

    stop_if_pending(context.workspace)
    return open_backend(context.settings.mirror, session.surroundings(context, observer))


def _alone(context: Context) -> Any:
    """One sync of this clone at a time."""
    from plana_secrets.storage import locked, make_folder

    folder = context.repository.common_dir / "plana-secrets"
    make_folder(folder, mode=0o700)
    return locked(folder / "mirror.lock", holder=f"process {os.getpid()}, mirror sync")


def _look(context: Context, backend: Backend, request: _Request) -> MirrorState:
    """The state, once nothing speaks against a sync from here."""
    from plana_secrets.mirror.guards import check_branch, check_descent, check_extent

    repository = context.repository
    branch = context.settings.mirror.branch or context.branch
    if not request.allow_older:
        check_branch(repository, repository.head(), branch)
    state = session.read_state(
        context, worktree=request.worktree, choices=request.choices, backend=backend
    )
    if not request.allow_older:
        check_descent(repository, state.source.head, state.listing)
    if not (request.confirm or request.is_rehearsal):
        check_extent(state.plan, state.wanted, state.listing)
    session.warn_of_source(context, state.source)
    return state


def _apply(
    context: Context,
    backend: Backend,
    state: MirrorState,
    request: _Request,
    observer: Observer,
) -> Applied:
    from plana_secrets.mirror.apply import Applied, apply_mirror
    from plana_secrets.mirror.keep import keep_item

    if state.plan.is_empty:
        return Applied.nothing(state.plan, state.listing)
    folder = session.surroundings(context).repository_folder / "kept"
    return apply_mirror(
        backend,
        state.wanted,
        state.plan,
        request.choices,
        keep=lambda item: keep_item(context.workspace, folder, item),
        observer=observer,
    )


def _rehearse(context: Context, state: MirrorState, request: _Request, requests: int) -> int:
    plan = state.plan
    counts = {"created": len(plan.create), "updated": len(plan.update)}
    counts["deleted"] = len(plan.delete)
    if context.output.as_json:
        whole = {**session.state_object(state), **counts, "requests": requests, "dry_run": True}
        context.output.json_object("mirror-sync", whole)
    else:
        context.output.table(session.drift_rows(state.drift), ("kind", "file", "path"))
        words = ", ".join(f"{number} {word}" for word, number in counts.items())
        context.output.talk(f"would be: {words}")
    return session.exit_of_check(state, check=request.check)


def _report(context: Context, state: MirrorState, applied: Applied, requests: int) -> int:
    left = applied.after.drift
    output = context.output
    healed = [one for one in state.drift if one not in state.plan.left]
    counts = {"created": applied.created, "updated": applied.updated, "deleted": applied.deleted}
    if output.as_json:
        whole = {
            **session.state_object(state),
            "in_sync": not left,
            "foreign": applied.listing.foreign,
            "drift": session.drift_objects(left),
            "healed": session.drift_objects(healed),
            "kept": [{"file": file, "at": at} for file, at in applied.kept],
            **counts,
            "requests": requests,
        }
        output.json_object("mirror-sync", whole)
    else:
        output.table([("healed", *row) for row in session.drift_rows(healed)])
        output.table([("left", *row) for row in session.drift_rows(left)])
        output.data(", ".join(f"{number} {word}" for word, number in counts.items()))
    for file, at in applied.kept:
        output.talk(f"the overwritten item of {file} is kept, encrypted, at {at}")
    for kind in dict.fromkeys(one.kind.value for one in left):
        if kind in _ADVICE:
            output.talk(f"hint: {kind}: {_ADVICE[kind]}")
    return session.exit_of_unknown(state.source) or int(bool(left))
