"""``plana-secrets diff``: which paths changed, without a value."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.dashes import DashedCommand, behind_dashes
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.cli.diffreport import Changes
    from plana_secrets.config import Settings
    from plana_secrets.secretfiles.versions import Span

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

    Also shown are changes of the creation rules, with the files that they are for, and of the
    settings that `verify` judges by; what demands less than before is called weaker.

    If no identity opens a file, a path with new ciphertext is shown as
    'changed or re-encrypted'.
    """
    from plana_secrets.cli.diffreport import Changes
    from plana_secrets.cli.secretfile import warn_if_pending
    from plana_secrets.secretfiles.versions import compare_versions

    warn_if_pending(context)
    span, files = _parse(context, what, behind_dashes(ctx))
    changes = Changes(compare_versions(context.workspace, span, only=files))
    if not files:
        changes = _with_settings(context, changes)
    _show(context, changes, "json" if context.json else form)
    return int(check and bool(changes))


def _with_settings(context: Context, changes: Changes) -> Changes:
    """The settings that `verify` judges by, at both ends; a mistake in one is shown."""
    from plana_secrets.errors import FailedError
    from plana_secrets.verify.policychange import Demanded, compare_policies, deployed_by_default

    span = changes.difference.span
    sides: list[Demanded] = []
    unread: list[str] = []
    for when, commit in (("before", span.old), ("after", span.new)):
        try:
            sides.append(_settings_at(context, commit, is_new=when == "after").demanded)
        except (UsageError, FailedError) as error:
            unread.append(f"{when}: {error.message}")
    defaults = partial(deployed_by_default, context.repository)
    found = compare_policies(*sides, defaults=defaults) if len(sides) == 2 else ()
    return replace(changes, settings=found, unread=tuple(unread))


def _settings_at(context: Context, commit: str | None, *, is_new: bool) -> Settings:
    from plana_secrets.config import Settings, settings_in
    from plana_secrets.git.trees import CommitTree

    if commit is not None:
        return settings_in(CommitTree(context.repository, commit))
    return context.settings if is_new else Settings()


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


def _show(context: Context, changes: Changes, form: str) -> None:
    from plana_secrets.cli import diffreport

    output = context.output
    if form == "json":
        output.json_object("diff", diffreport.as_json(changes))
    elif form == "markdown":
        output.data("\n".join(diffreport.as_markdown(changes)))
    else:
        for line, change in diffreport.as_text(changes):
            output.styled_data(line, _STYLES.get(change, "yellow"))
        undecided = changes.difference.undecided
        if undecided:
            output.talk(f"{counted(undecided, 'file')} could not be opened with your identities")


ADVICE: Final = {
    "ambiguous-argument": "put -- before it to mean the file, or -- after it to mean the revision",
}
