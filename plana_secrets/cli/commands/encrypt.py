"""``plana-secrets encrypt``: an existing plain file, in place."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.astyped import tell_as_typed
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.exposed import exposure_facts, tell_exposure
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.secretfile import tell_readable, warn_of_ignored, warn_of_twins
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.secretfiles.editing.encrypt import Encryption
    from plana_secrets.secretfiles.editing.exposure import Exposure

EPILOG = """\b
Examples:
  plana-secrets encrypt infra/secrets/dev/old.yaml
  plana-secrets encrypt infra/secrets/dev/old.yaml --dry-run
"""


@click.command(epilog=EPILOG, short_help="Encrypt an existing plain file in place.")
@file_argument()
@click.option("--typed", is_flag=True, help="Read numbers and dates as YAML does.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def encrypt(context: Context, file: str, typed: bool, dry_run: bool) -> None:
    """Encrypt the unencrypted FILE in place, using its creation rule.

    In a file that sops encrypted, this encrypts the values that were typed into it; if
    anything else in it is in doubt, use `plana-secrets repair`.

    Values that YAML would change, such as 0042, 1.10 or 2024-01-02, are kept as text.

    It also reports whether git ever had the file unencrypted, in a commit, a stash or the
    index, also under another name, and which other files have or had values of it. If so,
    anyone who can read the repository knows its values.
    """
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.secretfiles.editing.exposure import find_exposure
    from plana_secrets.secretfiles.listing import require_place

    target = find_file(context, file)
    require_place(context.workspace, target)
    done = _write(context, target, typed=typed, dry_run=dry_run)
    exposure = find_exposure(context.workspace, target, done.plain, done.values)
    warn_of_ignored(context, target)
    if context.json:
        _report_json(context, target, done, exposure, dry_run=dry_run)
    else:
        _report(context, target, done, exposure, dry_run=dry_run)


def _write(context: Context, file: str, *, typed: bool, dry_run: bool) -> Encryption:
    from plana_secrets.secretfiles.editing.encrypt import stage_encryption
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    if dry_run:
        return stage_encryption(context.workspace, file, yaml_types=typed)
    with writing(context.workspace, "encrypt"):
        done = stage_encryption(context.workspace, file, yaml_types=typed)
        write_files(context.workspace, [done.staged], operation="encrypt")
    return done


def _report_json(
    context: Context, file: str, done: Encryption, exposure: Exposure, *, dry_run: bool
) -> None:
    from plana_secrets.paths import format_path

    facts = {
        "file": file,
        "encrypted": [format_path(path) for path in done.encrypted],
        "readable": [format_path(path) for path in done.readable],
        "readable_comments": done.readable_comments,
        "as_text": [format_path(path) for path in done.as_text],
        **exposure_facts(exposure),
        "dry_run": dry_run,
    }
    context.output.json_object("encrypt", facts)


def _report(
    context: Context, file: str, done: Encryption, exposure: Exposure, *, dry_run: bool
) -> None:
    from plana_secrets.paths import format_path

    output = context.output
    readable = ", ".join(map(format_path, done.readable))
    values = counted(len(done.encrypted), "value")
    warn_of_twins(context, file, done.twins)
    output.talk(f"{file} {'would be' if dry_run else 'is'} encrypted, {values}")
    if done.was_encrypted:
        tell_readable(context, done.encrypted, done.completed_comments)
    if readable:
        output.talk(f"left readable: {readable}")
    tell_as_typed(output, done.as_text, done.nulls, done.cut)
    if done.readable_comments:
        output.warn(f"{counted(done.readable_comments, 'comment')} left readable")
    tell_exposure(output, exposure, fix=f"git add {shlex.quote(file)}")
