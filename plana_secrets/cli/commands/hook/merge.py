"""``hook merge``: what git calls to merge a secret file."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.output import safe_line

if TYPE_CHECKING:
    from plana_secrets.merging.versions import Versions

_EPILOG = """\b
Examples:
  plana-secrets hook merge .base .ours .theirs infra/secrets/dev/example.yaml
"""


@click.command(epilog=_EPILOG, short_help="Merge a secret file for git.")
@click.option(
    "--base", "is_base", is_flag=True, help="What is merged is itself a base: ask nothing."
)
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@click.argument("file")
@pass_context
def merge(context: Context, is_base: bool, base: str, ours: str, theirs: str, file: str) -> int:
    """Merge the versions BASE, OURS and THEIRS of the secret file FILE into OURS, as a driver.

    Changes of different values go together. In a conflict, or if anything fails, OURS stays as
    it is, and the exit code is 1. It never asks and takes no lock.
    """
    from plana_secrets.cli.failure import run_guarded

    context.no_input = True
    # more than 128 would end git's merge, and not only this file
    step = _bundle if is_base else _merge
    ended = run_guarded(
        lambda: step(context, Path(base), Path(ours), Path(theirs), file),
        as_json=context.json,
        here=context.here,
    )
    return int(ended != 0)


def _read(base: Path, ours: Path, theirs: Path) -> Versions:
    from plana_secrets import limits
    from plana_secrets.merging.versions import Versions
    from plana_secrets.storage import read_regular_file

    places = (base, ours, theirs)
    # a base may be a bundle of several versions, and in a base so may be the sides
    before, here, there = (read_regular_file(one, limit=limits.STATE_FILE) for one in places)
    return Versions(before or None, here, there)


def _bundle(context: Context, base: Path, ours: Path, theirs: Path, file: str) -> int:
    """Two of several merge bases: what they are together is seen by the merge that needs it."""
    from plana_secrets.errors import PlanaSecretsError
    from plana_secrets.merging.bases import bundle
    from plana_secrets.merging.driver import is_readable, merge_as_text

    versions = _read(base, ours, theirs)
    with contextlib.suppress(PlanaSecretsError):  # one side alone would be a wrong base
        if is_readable(context.workspace, file, versions):
            merged, is_clean = merge_as_text(context.workspace, versions)
            return _put(ours, merged) or int(not is_clean)
    return _put(ours, bundle(versions))


def _merge(context: Context, base: Path, ours: Path, theirs: Path, file: str) -> int:
    from plana_secrets.errors import PlanaSecretsError
    from plana_secrets.merging.driver import Outcome, is_readable, merge_as_text, merge_versions
    from plana_secrets.merging.sidecar import forget_stale
    from plana_secrets.rotation.revoked import RevokedValues

    versions = _read(base, ours, theirs)
    workspace = context.workspace
    if is_readable(workspace, file, versions):
        merged, is_clean = merge_as_text(workspace, versions)
        return _put(ours, merged) or int(not is_clean)
    names = [policy.name for policy in context.settings.keysets]
    is_revoked = RevokedValues(workspace, names, context.output.warn)
    try:
        outcome = merge_versions(
            workspace,
            file,
            versions,
            is_revoked=is_revoked,
            environment=os.environ,
            policies=context.settings.keysets,
        )
        reasons = [str(one) for one in outcome.conflicts]
    except PlanaSecretsError as error:
        outcome, reasons = Outcome(None), [error.message]
    if outcome.content is None:
        _keep(context, file, versions, reasons)
        _tell(context, file, reasons)
    else:
        forget_stale(workspace, file, versions)
    return _put(ours, outcome.content)


def _put(ours: Path, content: bytes | None) -> int:
    """Where git looks for the result; the exit code."""
    from plana_secrets.errors import FailedError
    from plana_secrets.storage import read_regular_file, replace_file

    if content is None:
        return 1
    replace_file(ours, content)
    if read_regular_file(ours) != content:
        raise FailedError(f"{ours} is not what was written", kind="read-back")
    return 0


def _keep(context: Context, file: str, versions: Versions, reasons: Sequence[str]) -> None:
    """git has the versions as well, so that this fails is no reason to fail."""
    from plana_secrets.errors import PlanaSecretsError
    from plana_secrets.merging.sidecar import Sidecar, keep_conflict

    with contextlib.suppress(PlanaSecretsError):
        keep_conflict(context.workspace, Sidecar(file, versions, tuple(reasons)))


def _tell(context: Context, file: str, reasons: Sequence[str]) -> None:
    for reason in reasons:
        context.output.talk(safe_line(reason if file in reason else f"{file}: {reason}"))
    context.output.talk(safe_line(f"next: plana-secrets resolve {shlex.quote(file)}"))
