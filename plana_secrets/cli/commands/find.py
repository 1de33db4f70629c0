"""``plana-secrets find``: where a value is, by the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.secretfile import warn_if_pending
from plana_secrets.counts import counted
from plana_secrets.errors import CredentialError, FailedError, UsageError

if TYPE_CHECKING:
    from plana_secrets.secret import Secret
    from plana_secrets.secretfiles.finding import Found, Place

_EPILOG = """\
Without --stdin you are asked for the value, without echo. A value of six bytes or more is also
found inside other values, and in base64.

\b
Examples:
  plana-secrets find
  plana-secrets find --stdin < leaked.txt
"""


@click.command(epilog=_EPILOG, short_help="Find the places that contain a value.")
@click.option(
    "--stdin", is_flag=True, help="Read the value from stdin; a final newline is not part of it."
)
@pass_context
def find(context: Context, stdin: bool) -> int:
    """Find the files, paths, keysets, mirror items and commits that contain a value.

    Every version that git has is searched, on all branches and tags and in stashes, as far as
    your identities open it. Only names are printed. The exit code is 1 if the value is nowhere,
    3 if it was not found in a shallow clone, and 4 if not everything could be opened.
    """
    from plana_secrets.git.lineage import commits_of
    from plana_secrets.secretfiles.finding import find_value

    warn_if_pending(context)
    value = _read(context, stdin=stdin)
    found = find_value(context.workspace, value)
    blobs = {blob for each in found.past.values() for blob in each}
    commits = commits_of(context.workspace.repository.command, blobs)
    rows = _rows(context, found, commits)
    nowhere = f"not found in {counted(found.searched, 'file')} and versions"
    incomplete = context.repository.missing_history()
    if not rows:
        _refuse_unknown(found, nowhere, incomplete)
    if context.json:
        facts = [_facts(row) for row in rows]
        more = {"searched": found.searched, "locked": found.locked, "incomplete": incomplete}
        context.output.json_object("find", {"places": facts, **more})
    elif rows:
        _tell(context, rows, found)
    else:
        context.output.talk(nowhere)
    if incomplete and rows:
        context.output.warn(f"this is {incomplete}: older versions were not searched")
    return int(not rows)


def _refuse_unknown(found: Found, nowhere: str, incomplete: str | None) -> None:
    """Not to find it is an answer only where everything could be searched."""
    if found.locked:
        raise CredentialError(
            f"{nowhere}; {found.locked} of them could not be opened", kind="value-not-found"
        )
    if incomplete:
        message = f"{nowhere}, and {incomplete} does not have all of them"
        raise FailedError(message, kind="partial-past")


def _tell(context: Context, rows: Sequence[_Row], found: Found) -> None:
    context.output.table(
        [_cells(row) for row in rows],
        header=("place", "is", "keyset or service", "mirror item", "commits"),
    )
    if found.locked:
        context.output.warn(f"{counted(found.locked, 'version')} could not be opened")


def _read(context: Context, *, stdin: bool) -> Secret:
    from plana_secrets import limits
    from plana_secrets.cli.inputs import read_input
    from plana_secrets.cli.terminal import ask_secret
    from plana_secrets.secret import Secret

    if not stdin:
        value = ask_secret(context, "value to find", instead="pass --stdin")
    else:
        whole = read_input(None, limit=limits.VALUE, what="the value").reveal()
        value = Secret(whole.removesuffix(b"\n").removesuffix(b"\r"))
    if value.is_empty:
        raise UsageError("an empty value is everywhere", kind="nothing-to-find")
    return value


@dataclass(frozen=True, slots=True)
class _Row:
    """A place with what is known of it. ``commits``: those that put it there, newest first."""

    place: Place
    is_today: bool
    keyset: str | None
    item: str | None
    commits: Sequence[str]


def _rows(
    context: Context, found: Found, commits: Mapping[tuple[str, str], Sequence[str]]
) -> list[_Row]:
    items = _items(context)
    today = set(found.today)
    every = sorted({*today, *found.past}, key=lambda one: (one.file, one.path or "", one.how))
    rows = []
    for place in every:
        own = [
            commit
            for blob in found.past.get(place, ())
            for commit in commits.get((place.file, blob), ())
        ]
        rows.append(
            _Row(
                place,
                place in today,
                _keyset(context, place),
                items.get(place.file) if place in today else None,
                list(dict.fromkeys(own)),
            )
        )
    return rows


def _keyset(context: Context, place: Place) -> str | None:
    from plana_secrets.paths import parse_path
    from plana_secrets.rotation.keysetfile import name_of

    own = name_of(context.settings.files.keysets, place.file)
    if own is not None or place.path is None:
        return own
    return context.workspace.owned_leaf(place.file, parse_path(place.path))


def _items(context: Context) -> dict[str, str]:
    """The item of the mirror for each file, by the settings; no server is asked."""
    from plana_secrets.mirror.source import item_titles
    from plana_secrets.secretfiles.snapshot import work_tree

    return item_titles(work_tree(context.workspace), context.settings.mirror)


def _cells(row: _Row) -> tuple[str, ...]:
    place = row.place
    shown = place.file if place.path is None else f"{place.file}#{place.path}"
    words = {"value": "the value", "part": "a part of it", "plaintext": "in plaintext"}
    newest = row.commits[0][:12] if row.commits else "not committed"
    history = newest if len(row.commits) < 2 else f"{newest} and {len(row.commits) - 1} before"
    when = "" if row.is_today else ", in the past"
    return (
        shown,
        words[place.how] + when,
        row.keyset or place.service or "-",
        row.item or "-",
        history,
    )


def _facts(row: _Row) -> dict[str, object]:
    return {
        "file": row.place.file,
        "path": row.place.path,
        "how": row.place.how,
        "today": row.is_today,
        "keyset": row.keyset,
        "service": row.place.service,
        "mirror_item": row.item,
        "commits": list(row.commits),
    }


ADVICE: Final = {
    "nothing-to-find": "pass a value that is not empty",
    "value-not-found": "run it with an identity that opens them",
}
