"""``mirror adopt``: what a person changed in the mirror goes into the file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from plana_secrets.cli.arguments import file_argument, path_argument
from plana_secrets.cli.commands.mirror import advice, comparison
from plana_secrets.cli.commands.mirror.several import mirror_option
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.output import MASK
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plana_secrets.mirror.adopt import HandEdit
    from plana_secrets.mirror.backend import Listing
    from plana_secrets.secretfiles.writing.stage import StagedFile

_EPILOG = """\
Without PATH, this shows everything that was changed by hand in the items of FILE, and asks
before it writes. A field that was added becomes a value, the value of one that was deleted
is removed. It changes the file in the working tree; commit it, and the next sync updates
the item.

\b
Examples:
  plana-secrets mirror adopt infra/secrets/prod/mail.yaml
  plana-secrets mirror adopt infra/secrets/prod/mail.yaml smtp_password
  plana-secrets mirror adopt infra/secrets/prod/mail.yaml --yes --json
"""

_NEXT: Final = "commit it, and the next sync updates the item"


@click.command(epilog=_EPILOG)
@file_argument()
@path_argument(required=False)
@click.option("--yes", "-y", is_flag=True, help="Copy all of them without asking.")
@click.option("--dry-run", is_flag=True, help="Check that it can be done; change nothing.")
@wait_option
@pass_context
@mirror_option
def adopt(context: Context, file: str, path: str | None, yes: bool, dry_run: bool) -> int:
    """Copy values edited in the mirror to their file."""
    from plana_secrets.mirror.open import open_backend
    from plana_secrets.secretfiles.listing import resolve_file

    name = resolve_file(context.workspace, file, context.folder)
    backend = open_backend(context.settings.mirror, comparison.surroundings(context))
    listing = backend.list_items()
    if path is None:
        return _adopt_all(context, listing, name, yes=yes, dry_run=dry_run)
    return _adopt_one(context, listing, name, path, dry_run=dry_run)


def _adopt_one(context: Context, listing: Listing, file: str, word: str, *, dry_run: bool) -> int:
    from plana_secrets.mirror.adopt import plan_adoption
    from plana_secrets.secretfiles.open import read_document_of

    found = plan_adoption(listing, file, word, read_document_of(context.workspace, file))
    staged = _stage(context, file, [found])
    if not dry_run:
        _write(context, staged)
    if context.json:
        facts = {"path": found.spelled, "changed": staged.is_change, "dry_run": dry_run}
        _print(context, file, facts, [found], taken=[found] if staged.is_change else [])
    elif not staged.is_change:
        context.output.talk(f"{file}#{found.spelled} already has this value")
    else:
        done = f"would be {found.change}" if dry_run else f"{found.change}; {_NEXT}"
        context.output.talk(f"{file}#{found.spelled} {done}")
    return 0


def _adopt_all(context: Context, listing: Listing, file: str, *, yes: bool, dry_run: bool) -> int:
    from plana_secrets.mirror.adopt import changed_texts

    edits = advice.hand_edits(context, listing, file)
    texts = changed_texts(listing, file)
    taken = [one for one in edits if one.edit and not one.is_left]
    if not edits:
        raise _nothing(listing, file, texts)
    staged = _stage(context, file, taken)
    _show(context, edits, asking=bool(taken) and not (yes or dry_run))
    if taken and not dry_run:
        if not yes:
            _ask(context, file, taken)
        _write(context, staged)
    if context.json:
        facts = {"path": None, "changed": staged.is_change, "dry_run": dry_run}
        _print(context, file, facts, edits, taken=taken, texts=texts)
    else:
        _conclude(context, file, taken, dry_run=dry_run)
    advice.tell_left(context, file, edits, texts)
    return int(any(one.is_left for one in edits))


def _nothing(listing: Listing, file: str, texts: Sequence[str]) -> Exception:
    from plana_secrets.errors import UsageError

    if not any(one.record and one.record.file == file for one in listing.items):
        return UsageError(f"the mirror has no item of {file}", kind="not-in-mirror", file=file)
    if texts:
        what = " and ".join(texts)
        return UsageError(
            f"only the {what} of the item was changed, which is not in {file}",
            kind="not-in-file",
            file=file,
        )
    return UsageError(
        f"no item of {file} was changed in the mirror", kind="nothing-to-adopt", file=file
    )


def _stage(context: Context, file: str, edits: Sequence[HandEdit]) -> StagedFile:
    from plana_secrets.secretfiles.writing.stage import stage_edits

    return stage_edits(context.workspace, file, [one.edit for one in edits if one.edit])


def _write(context: Context, staged: StagedFile) -> None:
    """A file that changed since it was staged stops it."""
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    with writing(context.workspace, operation="mirror adopt"):
        write_files(context.workspace, [staged], operation="mirror adopt")


def _ask(context: Context, file: str, taken: Sequence[HandEdit]) -> None:
    from plana_secrets.cli.terminal import confirm, is_interactive
    from plana_secrets.errors import UsageError

    if not is_interactive(context):
        raise UsageError(
            f"{counted(len(taken), 'change')} for {file} and no terminal to ask at; nothing "
            "was changed",
            kind="needs-yes",
            file=file,
        )
    removed = sum(one.change == "removed" for one in taken)
    along = f", {removed} of them by removing a value" if removed else ""
    confirm(context, f"copy {counted(len(taken), 'change')} into {file}{along}?")


def _show(context: Context, edits: Sequence[HandEdit], *, asking: bool) -> None:
    """Each edit with its value masked; a person who is asked sees them with --quiet, too."""
    rows = [_row(one) for one in edits]
    if not context.json and (asking or not context.quiet):
        context.output.table(rows, ("change", "path", "value"))
    elif context.json and asking:
        for row in rows:
            context.output.talk("  ".join(row))


def _row(one: HandEdit) -> tuple[str, str, str]:
    if one.is_left:
        return "left", one.spelled, _reason(one)
    if one.edit is None:
        return "done", one.spelled, "the file says the same"
    if one.change == "removed":
        return one.change, one.spelled, ""
    return one.change, one.spelled, MASK if one.has_content else "(empty)"


def _reason(one: HandEdit) -> str:
    if one.problem is not None:
        return one.problem.message.removeprefix(f"{one.spelled}: ")
    may = "may have been" if one.change == "removed" else "was"
    return f"the value in the file {may} changed, too"


def _conclude(context: Context, file: str, taken: Sequence[HandEdit], *, dry_run: bool) -> None:
    if not taken:
        context.output.talk(f"nothing was changed in {file}")
        return
    counts = Counter(str(one.change) for one in taken)
    words = ", ".join(f"{number} {word}" for word, number in counts.items())
    context.output.talk(f"{file} would be changed: {words}" if dry_run else f"{words}; {_NEXT}")


def _print(
    context: Context,
    file: str,
    facts: dict[str, Any],
    edits: Sequence[HandEdit],
    *,
    taken: Sequence[HandEdit],
    texts: Sequence[str] = (),
) -> None:
    rows = [
        {
            "name": one.name,
            "path": one.spelled,
            "change": str(one.change),
            "taken": one in taken,
            "reason": _reason(one) if one.is_left else None,
        }
        for one in edits
    ]
    whole = {"file": file, **facts, "edits": rows, "texts": list(texts)}
    context.output.json_object("mirror-adopt", whole)


ADVICE: Final = {
    "needs-yes": "pass --yes to copy them without asking",
}
