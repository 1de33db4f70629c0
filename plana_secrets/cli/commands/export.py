"""``plana-secrets export``: the values of a secret file as dotenv or JSON."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.counts import counted
from plana_secrets.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from plana_secrets.document.exchange import Exported

EPILOG = """\b
Examples:
  plana-secrets export infra/secrets/dev/app.yaml --format dotenv --output "$HOME/app.env"
  plana-secrets export infra/secrets/dev/app.yaml --format json --reveal
"""


@click.command(epilog=EPILOG, short_help="Export the values of a file as dotenv or JSON.")
@file_argument()
@click.option(
    "--format",
    "form",
    type=click.Choice(["dotenv", "json"]),
    required=True,
    help="Format of the result.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write to a new file that only you can read.",
)
@click.option("--reveal", is_flag=True, help="Print the values on a terminal or in CI.")
@pass_context
def export(context: Context, file: str, form: str, output: Path | None, reveal: bool) -> None:
    """Write the decrypted values of FILE as dotenv or JSON, as `plana-secrets import` reads them.

    Of a Secret manifest these are its entries, decoded. What the format cannot hold is an
    error that names the path. Comments are left out.
    """
    from plana_secrets.cli.secretfile import find_file, warn_if_pending
    from plana_secrets.document.exchange import export_document
    from plana_secrets.secretfiles.open import read_document_of
    from plana_secrets.sops.formats import Format

    if output is None and not reveal and (sys.stdout.isatty() or os.environ.get("CI")):
        raise UsageError("the values would be readable here", kind="reveal-needed")
    warn_if_pending(context)
    name = find_file(context, file)
    target = _find_target(context, output) if output is not None else None
    exported = export_document(read_document_of(context.workspace, name), name, Format(form))
    _warn(context, exported)
    if target is not None:
        _write(context, target, exported)
    elif context.json:
        facts = {"content": exported.text.reveal_text(), "values": exported.values}
        context.output.json_object("export", facts)
    else:
        context.output.data_bytes(exported.text.reveal())


def _find_target(context: Context, output: Path) -> Path:
    """A new file, and none that git would add."""
    from plana_secrets.git.search import is_ignored

    target = Path(os.path.realpath((context.folder / output).parent)) / output.name
    if os.path.lexists(target):
        raise ConflictError(f"{output} already exists", kind="output-exists", retry=False)
    root = Path(os.path.realpath(context.repository.root))
    if target.is_relative_to(root):
        inside = target.relative_to(root).as_posix()
        if not is_ignored(context.repository, inside):
            raise UsageError(f"git would add {inside}: it is not ignored", kind="not-ignored")
    return target


def _warn(context: Context, exported: Exported) -> None:
    from plana_secrets.paths import format_path

    if exported.as_text:
        paths = ", ".join(map(format_path, exported.as_text))
        context.output.warn(f"times, which JSON has only as text: {paths}")


def _write(context: Context, target: Path, exported: Exported) -> None:
    from plana_secrets.storage import replace_file

    replace_file(target, exported.text.reveal(), mode=0o600)
    if context.json:
        context.output.json_object("export", {"output": str(target), "values": exported.values})
    else:
        values = counted(exported.values, "value")
        context.output.talk(f"{values} written to {target}, unencrypted: delete it after use")


ADVICE: Final = {
    "not-ignored": "choose a folder outside the repository, or add the name to .gitignore",
    "output-exists": "choose another name, or remove the old file",
    "reveal-needed": "write them to a file with --output, or pass --reveal",
}
