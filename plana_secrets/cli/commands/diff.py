"""``plana-secrets diff``: which paths changed, without a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.dashes import DashedCommand, behind_dashes
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.secretfiles.versions import Difference, Span

EPILOG = """\
A...B compares B with the merge base of both; A..B, or A B, compares B with A itself.
One revision is compared with the working tree; without one, the working tree is
compared with HEAD. Everything after -- is a file.

\b
Examples:
  plana-secrets diff
  plana-secrets diff origin/main...HEAD --format markdown
  plana-secrets diff v1.0 v1.1
  plana-secrets diff HEAD~3 -- infra/secrets/dev/example.yaml
"""

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}


@click.command(
    cls=DashedCommand,
    epilog=EPILOG,
    short_help="Show which paths changed, without values.",
    options_metavar="[OPTIONS] [A...B | A [B]] [--] [FILE]...",
)
@click.argument("what", metavar="", nargs=-1, shell_complete=complete_file)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="Output format; json is the same as --json.",
)
@click.option("--check", is_flag=True, help="Exit with 1 if anything differs.")
@click.pass_context
@pass_context
def diff(
    context: Context, ctx: click.Context, what: tuple[str, ...], form: str, check: bool
) -> int:
    """Show which paths of the secret files were added, changed, removed or re-encrypted.

    If no identity opens a file, a path with new ciphertext is shown as
    'changed or re-encrypted'.
    """
    from plana_secrets.cli.secretfile import warn_if_pending
    from plana_secrets.secretfiles.versions import compare_versions

    warn_if_pending(context)
    span, files = _parse(context, what, behind_dashes(ctx))
    difference = compare_versions(context.workspace, span, only=files)
    _show(context, difference, "json" if context.json else form)
    return int(check and bool(difference))


def _parse(
    context: Context, words: tuple[str, ...], behind: list[str] | None
) -> tuple[Span, list[str]]:
    """Revisions first, then files, told apart as git does it."""
    from plana_secrets.secretfiles.listing import resolve_file
    from plana_secrets.secretfiles.versions import Span, parse_span

    if behind is None:
        count = _count_revisions(context, words)
        words, behind = words[:count], list(words[count:])
    if len(words) > 2 or (len(words) == 2 and any(".." in word for word in words)):
        raise UsageError("more than two revisions", kind="usage")
    span = parse_span(context.repository, words[0] if words else None)
    if len(words) == 2:
        span = Span(span.old, parse_span(context.repository, words[1]).old)
    files = [
        resolve_file(context.workspace, one, context.folder, must_exist=False) for one in behind
    ]
    return span, files


def _count_revisions(context: Context, words: tuple[str, ...]) -> int:
    """How many words in front are revisions; a file that exists wins."""
    for at, word in enumerate(words[:2]):
        is_file, is_revision = _is_file(context, word), _is_revision(context, word)
        if is_file and is_revision:
            raise UsageError(
                f"{word} is both a revision and a file", kind="ambiguous-argument", word=word
            )
        if is_file:
            return at
        if not is_revision and at > 0:
            raise UsageError(
                f"{word} is neither a revision nor a file", kind="no-such-revision", word=word
            )
        if ".." in word:
            return at + 1
    return min(len(words), 2)


def _is_revision(context: Context, word: str) -> bool:
    from plana_secrets.secretfiles.versions import parse_span

    try:
        parse_span(context.repository, word)
    except UsageError:
        return False
    return True


def _is_file(context: Context, text: str) -> bool:
    """Whether the name is on the disk, or was there at HEAD."""
    from plana_secrets.secretfiles.listing import resolve_file

    try:
        resolve_file(context.workspace, text, context.folder)
    except UsageError:
        return text in context.repository.tracked_files()
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
            output.talk(
                f"{counted(difference.undecided, 'file')} could not be opened with your identities"
            )


ADVICE: Final = {
    "ambiguous-argument": "put -- before it to mean the file, or -- after it to mean the revision",
}
