"""``mirror restore``: the secret files rebuilt from the mirror."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from plana_secrets.cli.commands.mirror import comparison
from plana_secrets.cli.commands.mirror.several import mirror_option
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option

if TYPE_CHECKING:
    from plana_secrets.errors import PlanaSecretsError
    from plana_secrets.mirror.backend import Listing
    from plana_secrets.mirror.restore import Restored

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
    _show(context, result, dry_run=dry_run)
    if result.restored and not dry_run:
        context.output.talk(
            "next: commit the files, then `plana-secrets mirror sync --allow-older`: a new history "
            "does not contain the commits that the items name"
        )
    return int(not result.is_complete)


def _stop_if_empty(listing: Listing) -> None:
    from plana_secrets.errors import UsageError

    if not listing.items:
        raise UsageError("the mirror has no items from plana-secrets", kind="empty-mirror")


def _show(context: Context, result: Restored, *, dry_run: bool) -> None:
    output = context.output
    if output.as_json:
        output.json_object("mirror-restore", {**_as_object(result), "dry_run": dry_run})
    elif not output.quiet:
        output.table([("restored", lost.file) for lost in result.restored])
    for file in result.existing:
        output.warn(f"{file} already exists and was not changed")
    for lost in result.restored:
        for path in lost.missing:
            output.warn(f"{lost.file}#{path} has no value in the mirror and was skipped")
        for path in lost.by_hand:
            output.warn(f"{lost.file}: {path} in the mirror was changed by hand")
    for name, error in result.failed:
        output.warn(f"{name} could not be restored: {error.message}")


def _as_object(result: Restored) -> dict[str, Any]:
    return {
        "restored": [
            {"file": lost.file, "missing": list(lost.missing), "by_hand": list(lost.by_hand)}
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
