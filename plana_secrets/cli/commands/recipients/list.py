"""``recipients list``: who can read what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.recipients.naming import listed, names_of
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.secretfile import warn_if_pending
from plana_secrets.cli.sheet import FORMATS, Rows, as_csv, as_markdown
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plana_secrets.recipients.listing import FileReaders, RuleReaders
    from plana_secrets.recipients.names import Names

_EPILOG = """\b
Examples:
  plana-secrets recipients list
  plana-secrets recipients list --files
  plana-secrets recipients list --files --format csv > readers.csv
"""


@click.command("list", epilog=_EPILOG, short_help="Show who can read what.")
@click.option("--files", is_flag=True, help="Show every file with its readers, as the file says.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Format of the list; csv has one line for each file and reader.",
)
@pass_context
def list_(context: Context, files: bool, form: str | None) -> None:
    """Show which recipients each creation rule has, or who can read each file.

    A file can have other readers than its rule, and git can have an older version of it for
    readers who were removed: --files shows both. Nothing is decrypted.
    """
    if context.json and form:
        raise UsageError(f"--json and --format {form} are two formats", kind="usage")
    warn_if_pending(context)
    if files:
        _list_files(context, form or "text")
    else:
        _list_rules(context, form or "text")


def _list_rules(context: Context, form: str) -> None:
    from plana_secrets.recipients.listing import readers_of_rules
    from plana_secrets.secretfiles.snapshot import rules_in_use

    known = rules_in_use(context.workspace)
    for one in known:
        one.refuse_unreadable()
    rows = readers_of_rules(known)
    people = _people(context, rows)
    if context.json:
        context.output.json_object("recipients-list", _rule_facts(rows, people))
        return
    if form != "text":
        rules = [f"{row.file} {row.rule.position}: {_pattern(row)}" for row in rows]
        _write(context, form, ("name", "kind", "recipient", *rules), [
            (*_person(*one, form), *("yes" if one[2] in row.recipients else "no" for row in rows))
            for one in people
        ])  # fmt: skip
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
        context.output.talk(f"{number}: {row.file}, {_pattern(row)}")


def _pattern(row: RuleReaders) -> str:
    return row.rule.path_regex or "every file"


def _person(name: str, kind: str, key: str, form: str) -> tuple[str, str, str]:
    """The cells of one person; a spreadsheet gets the whole recipient, to compare by."""
    from plana_secrets.recipients.names import shortened

    is_named = kind != "-"
    return name if is_named else "", kind if is_named else "", (
        key if form == "csv" else shortened(key)
    )  # fmt: skip


def _write(context: Context, form: str, header: Sequence[str], rows: Rows) -> None:
    context.output.data(as_csv(header, rows) if form == "csv" else as_markdown(header, rows))


def _people(context: Context, rows: list[RuleReaders]) -> list[tuple[str, str, str]]:
    """Name, kind and recipient: first everyone in the settings, then who has no name."""
    from plana_secrets.age.recipients import canonical_recipient
    from plana_secrets.recipients.names import shortened

    named = [
        (one.name, str(one.kind), canonical_recipient(one.key))
        for one in context.settings.policy.recipients.values()
    ]
    nameless = {key for row in rows for key in row.recipients} - {key for *_, key in named}
    return [
        *named,
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


def _list_files(context: Context, form: str) -> None:
    from plana_secrets.recipients.listing import readers_of_files
    from plana_secrets.secretfiles.snapshot import work_tree

    snapshot = work_tree(context.workspace)
    rows = list(readers_of_files(snapshot, snapshot.secret_files))
    incomplete = context.repository.incomplete()
    names = names_of(context)
    if context.json:
        context.output.json_object(
            "recipients-list",
            {"files": [_file_facts(row, names) for row in rows], "incomplete": incomplete},
        )
    elif form == "csv":
        header = ("file", "name", "kind", "recipient", "access", "problem")
        _write(context, form, header, [line for row in rows for line in _lines(context, row)])
    else:
        cells = [(row.file, _named(row.readers, names) or "-", _notes(row, names)) for row in rows]
        if form == "markdown":
            _write(context, form, ("file", "readers", "differences"), cells)
        else:
            context.output.table(cells, header=("file", "readers", ""))
    if incomplete:
        context.output.warn(f"this is {incomplete}: who can open an older version is not known")
    if snapshot.absent:
        number = counted(len(snapshot.absent), "secret file")
        context.output.warn(f"{number} not in this sparse checkout")


def _lines(context: Context, row: FileReaders) -> Iterator[tuple[str, ...]]:
    """One line for each reader of a file, so that a spreadsheet can filter by them."""
    from plana_secrets.age.recipients import canonical_recipient

    named = {
        canonical_recipient(one.key): one for one in context.settings.policy.recipients.values()
    }
    access = dict.fromkeys(row.former, "older version")
    access |= dict.fromkeys(row.missing, "rule only")
    access |= dict.fromkeys(row.readers, "reader")
    access |= dict.fromkeys(row.unruled, "not in rule")
    for key in sorted(access) or ("",):
        one = named.get(key)
        who = (one.name, one.kind) if one else ("", "")
        yield row.file, *who, key, access.get(key, ""), row.problem or ""


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
