"""``plana-secrets diff``: which paths changed, without a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.secretfiles.versions import Difference, Span

EPILOG = """\b
A...B compares B with the merge base of both, A..B with A itself; one revision is
compared with the working tree, and without one the working tree with HEAD.

\b
Examples:
  plana-secrets diff
  plana-secrets diff origin/main...HEAD --format markdown
  plana-secrets diff HEAD~3 infra/secrets/dev/example.yaml
"""

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}


@click.command(epilog=EPILOG, short_help="Show which paths changed, without values.")
@click.argument("what", nargs=-1, metavar="[A...B] [FILE]...", shell_complete=complete_file)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="json is the same as --json.",
)
@click.option("--check", is_flag=True, help="End with 1 if anything differs.")
@pass_context
def diff(context: Context, what: tuple[str, ...], form: str, check: bool) -> int:
    """Show which paths of the secret files were added, changed, removed or re-encrypted.

    Without an identity that opens a file, a path with a new ciphertext is shown as
    'changed or re-encrypted'.
    """
    from plana_secrets.cli.secretfile import warn_if_pending
    from plana_secrets.secretfiles.versions import compare_versions

    warn_if_pending(context)
    span, files = _parse(context, what)
    difference = compare_versions(context.workspace, span, only=files)
    _show(context, difference, "json" if context.json else form)
    return int(check and bool(difference))


def _parse(context: Context, what: tuple[str, ...]) -> tuple[Span, list[str]]:
    """The first word is a revision when it is one and no file has that name."""
    from plana_secrets.secretfiles.listing import resolve_file
    from plana_secrets.secretfiles.versions import parse_span

    first, rest = (what[0], what[1:]) if what else (None, ())
    if first is not None and ".." not in first and _is_file(context, first):
        first, rest = None, what
    span = parse_span(context.repository, first)
    files = [resolve_file(context.workspace, one, context.folder, must_exist=False) for one in rest]
    return span, files


def _is_file(context: Context, text: str) -> bool:
    from plana_secrets.errors import UsageError
    from plana_secrets.secretfiles.listing import resolve_file

    try:
        resolve_file(context.workspace, text, context.folder)
    except UsageError:
        # a file that is gone from the disk may still be known to HEAD
        return text in context.repository.tracked_files() and not context.repository.resolve(text)
    return True


def _show(context: Context, difference: Difference, form: str) -> None:
    from plana_secrets.cli import diffreport

    output = context.output
    if form == "json":
        output.json_object("diff", diffreport.as_json(difference))
    elif form == "markdown":
        output.data("\n".join(diffreport.as_markdown(difference)))
    else:
        for line, change in diffreport.as_text(difference):
            output.styled_data(line, _STYLES.get(change, "yellow"))
        if difference.undecided:
            output.talk(f"{difference.undecided} files could not be opened with your identities")
