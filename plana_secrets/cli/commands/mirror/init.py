"""``mirror init``: find what the configuration needs, and write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import click

from plana_secrets import limits
from plana_secrets.cli.arguments import complete_own_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.mirror.backends import BACKENDS
from plana_secrets.mirror.desk import Setup, SetupOption
from plana_secrets.mirror.settings import BackendSettings

_KINDS: Mapping[str, type[BackendSettings]] = {
    name: backend for name, backend in BACKENDS.items() if backend.SETUP
}


class _Kind(click.Choice[str]):
    """The backends on a server; the others are told to need no setup."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in BACKENDS and value not in _KINDS:
            raise click.UsageError(
                f'the {value} mirror needs no setup; write backend = "{value}" under [mirror] in '
                f"plana-secrets.toml, then run `plana-secrets mirror sync`",
                ctx,
            )
        if value not in _KINDS:
            listed = ", ".join(_KINDS)
            raise click.UsageError(f"No kind of mirror {value!r}; there are: {listed}.", ctx)
        return super().convert(value, param, ctx)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every backend; what one has not, it refuses."""
    every = {one.name: one for backend in _KINDS.values() for one in backend.SETUP}
    for option in reversed(every.values()):
        command = _option(option)(command)
    return command


def _option(option: SetupOption) -> Callable[[Any], Any]:
    return click.option(
        f"--{option.name}",
        _parameter(option),
        metavar=option.metavar,
        help=option.help,
        multiple=option.is_list or option.pairs,
        callback=_split if option.pairs else None,
        shell_complete=complete_own_file if option.metavar == "FILE" else None,
    )


def _parameter(option: SetupOption) -> str:
    return option.name.replace("-", "_")


def _split(_ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.rpartition("=") for value in values]
    if any(not glob or not word for glob, _, word in pairs):
        raise click.BadParameter(f"write {param.metavar}")
    return {glob: word for glob, _, word in pairs}


@click.command(
    epilog="\n".join(backend.SETUP_NOTES for backend in _KINDS.values()),
    short_help="Set up the mirror on a server.",
)
@click.argument("kind", type=_Kind(list(_KINDS)), required=False)
@_options
@click.option(
    "--new-id", is_flag=True, help="Give a fork or a template an id of its own; nothing else."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@wait_option
@pass_context
def init(context: Context, /, kind: str | None, dry_run: bool, new_id: bool, **given: Any) -> int:
    """Set up the mirror: find the organization and collections, and write the settings."""
    if new_id:
        return _renew_id(context, dry_run=dry_run)
    if kind is None:
        raise click.UsageError(f"Name the kind of the mirror: {' or '.join(_KINDS)} (or --new-id).")
    import tomllib

    from plana_secrets.cli.commands.mirror.comparison import surroundings
    from plana_secrets.cli.desk import TerminalDesk
    from plana_secrets.mirror.desk import SetupRequest
    from plana_secrets.secretfiles.writing.lock import alone

    present = tomllib.loads(_settings_text(context)).get("mirror", {}).get(kind, {})
    values = _own(_KINDS[kind], given, present)
    request = SetupRequest(values, context.settings.files.roots, present)
    done = _KINDS[kind].set_up(request, TerminalDesk(context), surroundings(context))
    with nullcontext() if dry_run else alone(context.repository, "mirror init", context.patience):
        changed = _write(context, kind, done, dry_run=dry_run)
    if context.json:
        facts = {**done.facts, "changed": changed and not dry_run}
        context.output.json_object("mirror-init", facts)
    return 0


def _renew_id(context: Context, *, dry_run: bool) -> int:
    """The items of every id that this history has had are another repository's from now on."""
    from plana_secrets.config import FILE_NAME
    from plana_secrets.scaffold.newid import ids_of, place_new_id
    from plana_secrets.scaffold.repository import new_repository_id
    from plana_secrets.secretfiles.writing.lock import alone
    from plana_secrets.storage import replace_file

    with nullcontext() if dry_run else alone(context.repository, "mirror init", context.patience):
        before, history = _settings_text(context), context.repository.history_of(FILE_NAME)
        contents = context.repository.read_objects(list({blob for _, blob in history}))
        former, new = ids_of([*contents.values(), before.encode()]), new_repository_id()
        after = place_new_id(before, new, former)
        if not dry_run:
            replace_file(context.repository.root / FILE_NAME, after.encode())
    if context.json:
        facts = {"repository": new, "forked_from": list(former), "changed": not dry_run}
        context.output.json_object("mirror-init", facts)
    else:
        done = "would be" if dry_run else "is now"
        context.output.talk(f"the id of this repository {done} {new}")
        context.output.talk(f"next: git add {FILE_NAME} && git commit -m 'A new id'")
    return 0


def _settings_text(context: Context) -> str:
    from plana_secrets.config import FILE_NAME
    from plana_secrets.storage import read_regular_file

    path: Path = context.repository.root / FILE_NAME
    if not path.exists():
        return ""
    return read_regular_file(path, limit=limits.SETTINGS_FILE).decode("utf-8")


def _added(before: str, after: str) -> str:
    known = set(before.splitlines())
    return "\n".join(line for line in after.splitlines() if line not in known)


def _own(
    backend: type[BackendSettings], given: Mapping[str, Any], present: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of the backend's own options, by their names; else what the table has."""
    values = {
        option.name: _joined(given[_parameter(option)], present.get(_field(option)))
        for option in backend.SETUP
    }
    for option in backend.SETUP:
        if option.is_required and values[option.name] is None:
            raise click.UsageError(f"Missing option '--{option.name}'.")
    own = {_parameter(option) for option in backend.SETUP}
    for name, value in given.items():
        if value and name not in own:
            spelled = name.replace("_", "-")
            raise click.UsageError(f"--{spelled} is not an option of {backend.name}.")
    return values


def _field(option: SetupOption) -> str:
    return option.field or _parameter(option)


def _joined(given: Any, present: Any) -> Any:
    if isinstance(given, dict):
        return {**(present or {}), **given}
    if isinstance(given, tuple):
        return (*(present or ()), *(one for one in given if one not in (present or ())))
    return given or present


def _write(context: Context, kind: str, done: Setup, *, dry_run: bool) -> bool:
    """Success is told once the file, read back, says what was written."""
    from plana_secrets.config import FILE_NAME
    from plana_secrets.config.schema import parse_settings
    from plana_secrets.errors import FailedError
    from plana_secrets.mirror.placing import place_table
    from plana_secrets.scaffold.repository import new_repository_id
    from plana_secrets.scaffold.tomledit import add_at_the_top
    from plana_secrets.storage import replace_file

    path: Path = context.repository.root / FILE_NAME
    before = _settings_text(context)
    known = context.settings.mirror.backends.get(kind)
    after = place_table(before, kind, done.table, known)
    if context.settings.repository is None:
        after = add_at_the_top(after, f'repository = "{new_repository_id()}"')
    if after != before and not dry_run:
        parse_settings(after.encode("utf-8"))
        replace_file(path, after.encode("utf-8"))
        if _settings_text(context) != after:
            raise FailedError(f"{FILE_NAME} is not as it was written", kind="settings-not-written")
    for line in done.words:
        context.output.talk(line)
    if after == before:
        context.output.talk(f"{FILE_NAME} is already up to date; nothing to write")
    elif dry_run:
        context.output.talk(_added(before, after))
    else:
        context.output.talk(f"wrote [mirror.{kind}] to {FILE_NAME}")
        context.output.talk(
            f"next: git add {FILE_NAME} && git commit -m 'Set up the mirror' && "
            "plana-secrets mirror sync"
        )
    return after != before


ADVICE: Final = {
    "settings-not-written": "another program may write it; run it again",
}
