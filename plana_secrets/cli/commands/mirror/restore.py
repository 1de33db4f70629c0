"""``mirror restore``: the secret files rebuilt from the mirror."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from plana_secrets.cli.commands.mirror import advice, comparison
from plana_secrets.cli.commands.mirror.several import mirror_option
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option

if TYPE_CHECKING:
    from plana_secrets.errors import PlanaSecretsError
    from plana_secrets.mirror.backend import Listing
    from plana_secrets.mirror.restore import LostFile, Restored

_EPILOG = """\
Files are encrypted with the current rules. Comments are not restored, and existing
files are never overwritten.

\b
Examples:
  plana-secrets mirror restore --to restored
  plana-secrets mirror restore --to . --dry-run
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--to",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to; each file keeps its full path.",
)
@click.option("--repository", metavar="ID", help="Whose files; default: those of this repository.")
@click.option("--dry-run", is_flag=True, help="Show what would be restored; write nothing.")
@wait_option
@pass_context
@mirror_option
def restore(context: Context, folder: Path, repository: str | None, dry_run: bool) -> int:
    """Rebuild secret files from the mirror."""
    from plana_secrets.mirror.open import open_backend
    from plana_secrets.mirror.owner import lost_part
    from plana_secrets.mirror.restore import apply_restore, plan_restore, rehearse_restore
    from plana_secrets.secretfiles.writing.lock import alone

    backend = open_backend(context.settings.mirror, comparison.surroundings(context))
    listing = lost_part(backend.list_items(), repository)
    _stop_if_empty(listing)
    plan = plan_restore(listing)
    target = Path(os.path.realpath(context.folder / folder))
    if dry_run:
        result = rehearse_restore(plan, target)
    else:
        with alone(context.repository, "mirror restore", context.patience):
            result = apply_restore(context.workspace, plan, target)
    following = _find_following(context, listing)
    _show(context, result, following, dry_run=dry_run)
    if result.restored and not dry_run:
        _tell_next(context, target, following)
    return int(not result.is_complete)


@dataclass(frozen=True)
class _Following:
    """What the next sync needs. ``foreign``: the id that the items name, if it is not ours."""

    allow_older: bool
    foreign: str | None


def _find_following(context: Context, listing: Listing) -> _Following:
    from plana_secrets.errors import ConflictError
    from plana_secrets.mirror.guards import check_descent

    repository = context.repository
    names = {one.record.repository for one in listing.items if one.record}
    foreign = sorted(name for name in names if name not in {None, context.settings.repository})
    first = next(iter(foreign), None)
    try:
        check_descent(repository, repository.head(), listing)
    except ConflictError:
        return _Following(True, first)
    return _Following(False, first)


def _tell_next(context: Context, target: Path, following: _Following) -> None:
    """What goes on, and why it takes more than a plain sync."""
    talk = context.output.talk
    if following.foreign is not None:
        talk(
            f"the items belong to the repository {following.foreign}: to go on with them, set "
            f'`repository = "{following.foreign}"` at the top of plana-secrets.toml; otherwise the '
            "next sync creates new items"
        )
    flags = ("--allow-older",) if following.allow_older else ()
    sync = advice.program(context, "mirror", "sync", *flags)
    here = target == Path(os.path.realpath(context.repository.root))
    move = "commit the files" if here else "move the files into the repository, commit them"
    talk(f"next: {move}, then run {sync}")
    if following.allow_older:
        talk(
            "--allow-older: the items are from commits that this history does not contain; "
            "without it, sync takes this clone for an old one"
        )


def _stop_if_empty(listing: Listing) -> None:
    from plana_secrets.errors import UsageError

    if not listing.items:
        raise UsageError("the mirror has no items from plana-secrets", kind="empty-mirror")


def _show(context: Context, result: Restored, following: _Following, *, dry_run: bool) -> None:
    output = context.output
    if output.as_json:
        facts = {"allow_older": following.allow_older, "repository": following.foreign}
        output.json_object("mirror-restore", {**_as_object(result), **facts, "dry_run": dry_run})
    elif not output.quiet:
        output.table([("restored", lost.file) for lost in result.restored])
    for file in result.existing:
        output.warn(f"{file} already exists and was not changed")
    for lost in result.restored:
        _warn_of(context, lost)
    for name, error in result.failed:
        output.warn(f"{name} could not be restored: {error.message}")
    advice.hint_at(context, [error for _, error in result.failed])


def _warn_of(context: Context, lost: LostFile) -> None:
    """What is not as it was in the file."""
    warn = context.output.warn
    if lost.missing_parts:
        numbers = ", ".join(map(str, lost.missing_parts))
        warn(f"{lost.file} was divided into several items; not in the mirror: number {numbers}")
    for path in lost.missing:
        warn(f"{lost.file}#{path} has no value in the mirror and was skipped")
    for path in lost.by_hand:
        warn(f"{lost.file}: {path} in the mirror was changed by hand")


def _as_object(result: Restored) -> dict[str, Any]:
    return {
        "restored": [
            {
                "file": lost.file,
                "missing": list(lost.missing),
                "missing_parts": list(lost.missing_parts),
                "by_hand": list(lost.by_hand),
            }
            for lost in result.restored
        ],
        "existing": list(result.existing),
        "failed": [_failure(name, error) for name, error in result.failed],
    }


def _failure(name: str, error: PlanaSecretsError) -> dict[str, str]:
    return {"file": name, "kind": error.kind, "message": error.message}


ADVICE: Final = {
    "empty-mirror": (
        "`plana-secrets mirror status` shows which mirror this is; `plana-secrets "
        "mirror sync` fills it"
    ),
}
