"""``recipients list``: who can read what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.recipients.naming import listed, names_of
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.secretfile import warn_if_pending
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.recipients.listing import FileReaders, RuleReaders
    from plana_secrets.recipients.names import Names

_EPILOG = """\b
Examples:
  plana-secrets recipients list
  plana-secrets recipients list --files
"""


@click.command("list", epilog=_EPILOG, short_help="Show who can read what.")
@click.option("--files", is_flag=True, help="Show every file with its readers, as the file says.")
@pass_context
def list_(context: Context, files: bool) -> None:
    """Show which recipients each creation rule has, or who can read each file.

    A file can have other readers than its rule, and git can have an older version of it for
    readers who were removed: --files shows both. Nothing is decrypted.
    """
    warn_if_pending(context)
    if files:
        _list_files(context)
    else:
        _list_rules(context)


def _list_rules(context: Context) -> None:
    from plana_secrets.recipients.listing import readers_of_rules
    from plana_secrets.secretfiles.snapshot import rules_in_use

    rows = readers_of_rules(rules_in_use(context.workspace))
    people = _people(context, rows)
    if context.json:
        context.output.json_object("recipients-list", _rule_facts(rows, people))
        return
    numbers = [str(place) for place in range(1, len(rows) + 1)]
    context.output.table(
        [
            (name, kind, *("x" if key in row.recipients else "-" for row in rows))
            for name, kind, key in people
        ],
        header=("name", "kind", *numbers),
    )
    for number, row in zip(numbers, rows, strict=True):
        context.output.talk(f"{number}: {row.file}, {row.rule.path_regex or 'every file'}")


def _people(context: Context, rows: list[RuleReaders]) -> list[tuple[str, str, str]]:
    """Name, kind and recipient: first everyone in the settings, then who has no name."""
    from plana_secrets.age.recipients import canonical_recipient
    from plana_secrets.recipients.names import shortened

    named = {
        canonical_recipient(one.key): (one.name, one.kind)
        for one in context.settings.policy.recipients.values()
    }
    nameless = {key for row in rows for key in row.recipients} - named.keys()
    return [
        *((name, kind, key) for key, (name, kind) in named.items()),
        *((shortened(key), "-", key) for key in sorted(nameless)),
    ]


def _rule_facts(rows: list[RuleReaders], people: list[tuple[str, str, str]]) -> dict[str, object]:
    return {
        "recipients": [
            {
                "name": name if kind != "-" else None,
                "kind": kind if kind != "-" else None,
                "recipient": key,
                "rules": [at for at, row in enumerate(rows, start=1) if key in row.recipients],
            }
            for name, kind, key in people
        ],
        "rules": [
            {"file": row.file, "position": row.rule.position, "path_regex": row.rule.path_regex}
            for row in rows
        ],
    }


def _list_files(context: Context) -> None:
    from plana_secrets.recipients.listing import readers_of_files
    from plana_secrets.secretfiles.snapshot import work_tree

    snapshot = work_tree(context.workspace)
    rows = list(readers_of_files(snapshot, snapshot.secret_files))
    names = names_of(context)
    if context.json:
        context.output.json_object(
            "recipients-list", {"files": [_file_facts(row, names) for row in rows]}
        )
    else:
        cells = [(row.file, _named(row.readers, names) or "-", _notes(row, names)) for row in rows]
        context.output.table(cells, header=("file", "readers", ""))
    if snapshot.absent:
        number = counted(len(snapshot.absent), "secret file")
        context.output.warn(f"{number} not in this sparse checkout")


def _named(recipients: tuple[str, ...], names: Names) -> str:
    from plana_secrets.recipients.names import shortened

    return ", ".join(sorted(names.name_of(one) or shortened(one) for one in recipients))


def _notes(row: FileReaders, names: Names) -> str:
    notes = [row.problem] if row.problem else []
    if row.unruled:
        notes.append(f"not in its rule: {_named(row.unruled, names)}")
    if row.missing:
        notes.append(f"only in its rule: {_named(row.missing, names)}")
    if row.former:
        notes.append(f"with an older version: {_named(row.former, names)}")
    return "; ".join(notes)


def _file_facts(row: FileReaders, names: Names) -> dict[str, object]:
    return {
        "file": row.file,
        "readers": listed(row.readers, names),
        "not_in_rule": listed(row.unruled, names),
        "only_in_rule": listed(row.missing, names),
        "former": listed(row.former, names),
        "problem": row.problem,
    }
