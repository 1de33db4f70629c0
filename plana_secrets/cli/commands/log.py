"""``plana-secrets log``: who changed which path of a file when, without a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from plana_secrets.cli.arguments import file_argument, path_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.paths import LeafPath
    from plana_secrets.secretfiles.past import Change

EPILOG = """\b
Examples:
  plana-secrets log infra/secrets/dev/example.yaml
  plana-secrets log infra/secrets/dev/example.yaml db.password
"""

_STYLES = {"added": "green", "removed": "red"}


@click.command(epilog=EPILOG, short_help="Show who changed which path when.")
@file_argument()
@path_argument(required=False)
@pass_context
def log(context: Context, file: str, path: str | None) -> None:
    """Show the commits that changed FILE, newest first, with the paths that each changed.

    With PATH, only the commits that changed a value there or below. Renames are followed.
    Without an identity, a path with new ciphertext is shown as 'changed or re-encrypted'.
    The names are what the authors of the commits claim.
    """
    from plana_secrets.cli.secretfile import find_file, warn_if_pending
    from plana_secrets.secretfiles.past import changes_of

    warn_if_pending(context)
    if path is None:
        file, _, fragment = file.partition("#")
        path = fragment or None
    name = find_file(context, file, must_exist=False)
    changes = [*changes_of(context.workspace, name)]
    if path is not None:
        changes = _of_path(changes, name, path)
    incomplete = context.repository.missing_history()
    if context.json:
        facts = {"file": name, "path": path, "incomplete": incomplete}
        context.output.json_object("log", {**facts, "changes": [*map(_as_json, changes)]})
        return
    for one in changes:
        _show(context, one)
    if incomplete:
        context.output.warn(f"this is {incomplete}: older changes are not shown")


def _of_path(changes: list[Change], file: str, path: str) -> list[Change]:
    """The changes of what is at ``path`` or below; its dots may be those of a key."""
    from plana_secrets.paths import format_path, parse_path

    wanted = parse_path(path)
    for matches in (_is_below, _reads_as):
        found = [one for change in changes if (one := _only(change, wanted, matches))]
        if found:
            return found
    raise UsageError(
        f"no commit changed {format_path(wanted)} in {file}", kind="no-such-path", file=file
    )


def _is_below(path: LeafPath, wanted: LeafPath) -> bool:
    return path[: len(wanted)] == wanted


def _reads_as(path: LeafPath, wanted: LeafPath) -> bool:
    spelled = ".".join(map(str, wanted))
    return any(".".join(map(str, path[:depth])) == spelled for depth in range(1, len(path) + 1))


def _only(
    change: Change, wanted: LeafPath, matches: Callable[[LeafPath, LeafPath], bool]
) -> Change | None:
    """The change with nothing but the paths that match; None where there is none."""
    from plana_secrets.paths import parse_path

    paths = tuple(one for one in change.difference.paths if matches(parse_path(one.path), wanted))
    return replace(change, difference=replace(change.difference, paths=paths)) if paths else None


def _as_json(change: Change) -> dict[str, Any]:
    commit, difference = change.commit, change.difference
    return {
        "commit": commit.id,
        "date": commit.moment.isoformat().replace("+00:00", "Z"),
        "author": commit.author,
        "email": commit.email,
        "file": commit.file,
        "renamed_from": commit.old_file,
        "change": difference.change,
        "paths": [asdict(one) for one in difference.paths],
        "recipients": asdict(difference.recipients),
        "re_encrypted_only": difference.is_reencryption,
        "data_key_changed": difference.data_key,
        "problems": difference.problems,
    }


def _show(context: Context, change: Change) -> None:
    from plana_secrets.cli.diffreport import details
    from plana_secrets.cli.output import safe_line

    commit, output = change.commit, context.output
    author = f"{commit.author} <{commit.email}>"
    moment = commit.moment.strftime("%Y-%m-%d %H:%M UTC")
    output.styled_data(safe_line(f"{commit.id[:12]}  {moment}  {author}"), "bold")
    for line in _about_file(change):
        output.data(f"    {safe_line(line)}")
    for line, kind in details(change.difference):
        output.styled_data(f"    {line}", _STYLES.get(kind, "yellow"))


def _about_file(change: Change) -> list[str]:
    commit = change.commit
    if commit.old_file is not None:
        return [f"renamed from {commit.old_file}"]
    return {"added": ["the file is new"], "removed": ["the file was removed"]}.get(
        change.difference.change, []
    )
