"""``plana-secrets import``: values of a dotenv or JSON file into a secret file."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.exposed import exposure_facts, tell_exposure
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.secretfile import warn_of_ignored
from plana_secrets.counts import counted
from plana_secrets.errors import MalformedError, PlanaSecretsError, UsageError

if TYPE_CHECKING:
    from plana_secrets.document.exchange import Imported
    from plana_secrets.secret import Secret
    from plana_secrets.secretfiles.editing.exposure import Exposure
    from plana_secrets.secretfiles.editing.importing import Import
    from plana_secrets.sops.formats import Format

EPILOG = """\b
Examples:
  plana-secrets import .env infra/secrets/dev/app.yaml
  plana-secrets import app.json infra/secrets/dev/app.secret.yaml --dry-run
  plana-secrets import --stdin infra/secrets/dev/app.yaml --format dotenv < .env
"""


@click.command("import", epilog=EPILOG, short_help="Import values from dotenv or JSON.")
@click.argument(
    "names", metavar="[SOURCE] FILE", nargs=-1, required=True, shell_complete=complete_file
)
@click.option("--stdin", is_flag=True, help="Read SOURCE from stdin.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["dotenv", "json"]),
    help="Format of SOURCE; default: by its name.",
)
@click.option("--replace", is_flag=True, help="Replace values that FILE already has.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def import_(
    context: Context,
    names: tuple[str, ...],
    stdin: bool,
    form: str | None,
    replace: bool,
    dry_run: bool,
) -> None:
    """Import the values of SOURCE, a plain dotenv or JSON file, into the secret file FILE.

    FILE is a plain map or a Secret manifest (the values become its stringData); it is created
    if needed. SOURCE is read strictly: what programs read differently is refused with its
    line. The comments of new values come along, encrypted as well.
    """
    from plana_secrets.secretfiles.listing import require_place, resolve_file

    if len(names) != 2 - stdin:
        wanted = "FILE" if stdin else "SOURCE and FILE, or FILE with --stdin"
        raise UsageError(f"pass {wanted}", kind="usage")
    workspace, file = context.workspace, names[-1]
    source = None if stdin else Path(names[0])
    target = resolve_file(workspace, file, context.folder, must_exist=False)
    require_place(workspace, target)
    data, imported = _read(source, form)
    done = _write(context, target, imported, may_replace=replace, dry_run=dry_run)
    warn_of_ignored(context, target)
    exposure = _find_exposure(context, source, data, imported)
    if context.json:
        _report_json(context, target, done, exposure, dry_run=dry_run)
    else:
        _report(context, source, target, done, dry_run=dry_run)
        if exposure is not None:
            tell_exposure(
                context.output, exposure, fix=f"git rm --cached {shlex.quote(str(source))}"
            )


def _find_exposure(
    context: Context, source: Path | None, data: Secret, imported: Imported
) -> Exposure | None:
    """Where git has a source that is in the repository; None for one from elsewhere."""
    from plana_secrets.secretfiles.editing.exposure import find_exposure

    if source is None:
        return None
    path = Path(os.path.realpath(context.folder / source))
    root = Path(os.path.realpath(context.repository.root))
    if not path.is_relative_to(root):
        return None
    values = [value for value in imported.content.values if value is not None]
    return find_exposure(context.workspace, path.relative_to(root).as_posix(), data, values)


def _read(source: Path | None, form: str | None) -> tuple[Secret, Imported]:
    from plana_secrets import limits
    from plana_secrets.cli.inputs import read_input
    from plana_secrets.document.exchange import read_import
    from plana_secrets.sops.formats import Format

    chosen = Format(form) if form else _format_of(source)
    name = "stdin" if source is None else str(source)
    data = read_input(source, limit=limits.SECRET_FILE, what=name)
    try:
        return data, read_import(data, chosen)
    except PlanaSecretsError as error:
        named = MalformedError if isinstance(error, MalformedError) else UsageError
        raise named(
            f"{name}: {error.message}", kind=error.kind, retry=None, **error.facts
        ) from None


def _format_of(source: Path | None) -> Format:
    from plana_secrets.sops.formats import Format

    name = "stdin" if source is None else source.name
    if name.endswith(".json"):
        return Format.JSON
    if name.endswith(".env") or name.startswith(".env."):
        return Format.DOTENV
    raise UsageError(f"the name of {name} does not tell its format", kind="format-needed")


def _write(
    context: Context, file: str, imported: Imported, *, may_replace: bool, dry_run: bool
) -> Import:
    from plana_secrets.secretfiles.editing.importing import stage_import
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    if dry_run:
        return stage_import(context.workspace, file, imported, may_replace=may_replace)
    with writing(context.workspace, "import"):
        done = stage_import(context.workspace, file, imported, may_replace=may_replace)
        write_files(context.workspace, [done.staged], operation="import")
    return done


def _report_json(
    context: Context, file: str, done: Import, exposure: Exposure | None, *, dry_run: bool
) -> None:
    from plana_secrets.paths import format_path

    facts = {
        "file": file,
        "added": [format_path(path) for path in done.added],
        "replaced": [format_path(path) for path in done.replaced],
        "changed": done.staged.is_change,
        "dry_run": dry_run,
        "source_in_git": exposure and exposure_facts(exposure),
    }
    context.output.json_object("import", facts)


def _report(
    context: Context,
    source: Path | None,
    file: str,
    done: Import,
    *,
    dry_run: bool,
) -> None:
    from plana_secrets.cli.output import safe_line
    from plana_secrets.paths import format_path

    output = context.output
    for mark, paths in (("+", done.added), ("~", done.replaced)):
        for path in paths:
            output.talk(safe_line(f"  {mark} {format_path(path)}"))
    if not done.staged.is_change:
        output.talk(f"{file} already has these values")
    else:
        counts = ((len(done.added), "added"), (len(done.replaced), "replaced"))
        what = " and ".join(f"{counted(count, 'value')} {word}" for count, word in counts if count)
        output.talk(f"{file}: {what}{' (dry run)' if dry_run else ''}")
    if done.unprotected:
        empty = ", ".join(map(format_path, done.unprotected))
        output.warn(f"empty, which sops does not encrypt: {empty}")
    if done.comments:
        output.talk(f"{counted(done.comments, 'comment')} left out")
    if source is not None and not dry_run:
        output.talk(f"{source} is still unencrypted: delete it")


ADVICE: Final = {
    "format-needed": "pass --format dotenv or --format json",
}
