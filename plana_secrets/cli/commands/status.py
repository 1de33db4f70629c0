"""``plana-secrets status``: what is open here, quickly and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.cli.output import Output
    from plana_secrets.cli.work import Line
    from plana_secrets.secretfiles.snapshot import Snapshot
    from plana_secrets.sops.rules.rulesfile import Rules

EPILOG = """\b
Examples:
  plana-secrets status
  plana-secrets status --check --json
"""


@click.command(epilog=EPILOG, short_help="Show unfinished work.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything is unfinished.")
@pass_context
def status(context: Context, check: bool) -> int:
    """Show unfinished work: an interrupted change, uncommitted or conflicting secret files,
    files that are not encrypted or that nothing can read, kept edits, commits not pushed,
    keysets that are due, drift or damage of the mirror, files that it has no place for,
    leftovers.

    Nothing is decrypted and no server is contacted: what is said of a remote or the mirror
    is as of the last fetch, or the last look at the mirror.
    """
    from plana_secrets.cli.work import find_work
    from plana_secrets.secretfiles.snapshot import work_tree

    on_disk = work_tree(context.workspace)
    facts = _gather(context, on_disk)
    work = find_work(context, on_disk, facts["branch"])
    facts |= work.facts
    is_open = work.is_open or any(facts[name] for name in _OPEN)
    if context.json:
        context.output.json_object("status", facts)
    else:
        _show(context, facts, work.lines, is_open=is_open)
    return int(check and is_open)


_OPEN = ("pending", "uncommitted", "problems", "leftovers")


def _gather(context: Context, on_disk: Snapshot) -> dict[str, Any]:
    from plana_secrets.secretfiles.snapshot import at_commit
    from plana_secrets.secretfiles.writing.journal import pending

    workspace, repository = context.workspace, context.repository
    found = pending(workspace)
    commit, branch = repository.checked_out()
    head = at_commit(workspace, commit)
    uncommitted = [
        {"file": file, "change": change}
        for file, change in head.secret_differences(on_disk).items()
    ]
    return {
        "branch": branch,
        "head": head.commit,
        "pending": found.operation if found else None,
        "uncommitted": uncommitted,
        "problems": _rule_problems(on_disk),
        "leftovers": _leftovers(context, on_disk),
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
    without = (
        file
        for file in snapshot.secret_files
        if snapshot.rule_for(file) is None and not _is_unreadable(book.rules_for(file))
    )
    return problems + [f"{file}: no creation rule matches" for file in without]


def _is_unreadable(rules: Rules | None) -> bool:
    """Then nothing is known of a file's rule, and that is one problem."""
    return rules is not None and rules.is_unreadable


def _leftovers(context: Context, on_disk: Snapshot) -> list[str]:
    """What a killed run left; the next command that writes removes it."""
    from plana_secrets.memory import find_stale_folders
    from plana_secrets.secretfiles.writing.lock import leftovers

    root, seen = context.repository.root, on_disk.tree.listing()
    found = leftovers(context.workspace, seen.entries.keys() - seen.staged.keys())
    beside = [path.relative_to(root).as_posix() for path in found]
    return beside + [str(folder) for folder in find_stale_folders()]


def _show_uncommitted(output: Output, uncommitted: list[dict[str, str]]) -> None:
    for one in uncommitted:
        output.styled_data(f"uncommitted: {one['file']} ({one['change']})", "yellow")
    if uncommitted:
        output.advice("  next: plana-secrets diff")


def _show(context: Context, facts: dict[str, Any], lines: list[Line], *, is_open: bool) -> None:
    from plana_secrets.secretfiles.workspace import NO_RULES

    output = context.output
    place = facts["branch"] or "a detached HEAD"
    output.data(f"on {place}, {facts['head'][:12] if facts['head'] else 'no commits yet'}")
    if facts["pending"]:
        output.styled_data(f"interrupted change: {facts['pending']}", "red")
        output.advice("  next: plana-secrets recover")
    _show_uncommitted(output, facts["uncommitted"])
    for line in lines:
        output.styled_data(line.text, line.color)
        if line.next:
            output.advice(f"  next: {line.next}")
    for problem in facts["problems"]:
        output.styled_data(f"problem: {problem}", "red")
    if facts["problems"]:
        command = "doctor" if facts["problems"] == [NO_RULES] else "verify"
        output.advice(f"  next: plana-secrets {command}")
    for left in facts["leftovers"]:
        output.styled_data(f"leftover: {left}", "yellow")
    if not is_open:
        output.data("nothing is unfinished")
