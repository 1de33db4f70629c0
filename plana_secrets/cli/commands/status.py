"""``plana-secrets status``: what is open here, quickly and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.secretfiles.snapshot import Snapshot

EPILOG = """\b
Examples:
  plana-secrets status
  plana-secrets status --check --json
"""


@click.command(epilog=EPILOG, short_help="Show unfinished work.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything is unfinished.")
@pass_context
def status(context: Context, check: bool) -> int:
    """Show unfinished work: an interrupted change, uncommitted secret files, leftovers.

    Nothing is decrypted and no server is contacted.
    """
    facts = _gather(context)
    is_open = any(facts[name] for name in ("pending", "uncommitted", "problems", "leftovers"))
    if context.json:
        context.output.json_object("status", facts)
    else:
        _show(context, facts, is_open=is_open)
    return int(check and is_open)


def _gather(context: Context) -> dict[str, Any]:
    from plana_secrets.secretfiles.settings import SETTINGS_FILE
    from plana_secrets.secretfiles.snapshot import at_commit, work_tree
    from plana_secrets.secretfiles.writing.journal import pending

    workspace, repository = context.workspace, context.repository
    found = pending(workspace)
    head, on_disk = at_commit(workspace, repository.head()), work_tree(workspace)
    uncommitted = [
        {"file": file, "change": change}
        for file, change in head.secret_differences(on_disk).items()
        if file != SETTINGS_FILE
    ]
    return {
        "branch": repository.branch(),
        "head": head.commit,
        "pending": found.operation if found else None,
        "uncommitted": uncommitted,
        "problems": _rule_problems(on_disk),
        "leftovers": _leftovers(context),
        "keysets": [one.name for one in context.settings.keysets],
    }


def _rule_problems(snapshot: Snapshot) -> list[str]:
    """What in ``.sops.yaml`` keeps a file from being written."""
    from plana_secrets.secretfiles.workspace import NO_RULES
    from plana_secrets.sops.model import Severity

    book = snapshot.rule_book
    if not book.known:
        return [NO_RULES]
    problems = [
        f"{rules.file}:{one.line}: {one.message}" if one.line else f"{rules.file}: {one.message}"
        for rules in book.known
        for one in rules.defects
        if one.severity is Severity.ERROR
    ]
    without = (file for file in snapshot.secret_files if snapshot.rule_for(file) is None)
    return problems + [f"{file}: no creation rule matches" for file in without]


def _leftovers(context: Context) -> list[str]:
    """What a killed run left; the next command that writes removes it."""
    from plana_secrets.memory import find_stale_folders
    from plana_secrets.secretfiles.writing.lock import leftovers

    root = context.repository.root
    beside = [path.relative_to(root).as_posix() for path in leftovers(context.workspace)]
    return beside + [str(folder) for folder in find_stale_folders()]


def _show(context: Context, facts: dict[str, Any], *, is_open: bool) -> None:
    output = context.output
    place = facts["branch"] or "a detached HEAD"
    output.data(f"on {place}, {facts['head'][:12] if facts['head'] else 'no commits yet'}")
    if facts["pending"]:
        output.styled_data(f"interrupted change: {facts['pending']}", "red")
        output.data("  next: plana-secrets recover")
    for one in facts["uncommitted"]:
        output.styled_data(f"uncommitted: {one['file']} ({one['change']})", "yellow")
    for problem in facts["problems"]:
        output.styled_data(f"problem: {problem}", "red")
    for left in facts["leftovers"]:
        output.styled_data(f"leftover: {left}", "yellow")
    if not is_open:
        output.data("nothing is unfinished")
