"""Several mirrors: each has its turn, and one that fails stops no other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from plana_secrets.cli.arguments import complete_mirror
from plana_secrets.cli.context import Context
from plana_secrets.cli.failure import report_part
from plana_secrets.cli.output import Output
from plana_secrets.errors import PlanaSecretsError

_SUMS = ("unmapped", "foreign", "created", "updated", "deleted", "requests")
_LISTS = ("drift", "healed", "kept", "failed")


def mirror_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--mirror NAME``, for a command on one mirror."""

    @functools.wraps(command)
    def run(context: Context, /, *args: Any, mirror: str | None, **options: Any) -> Any:
        narrowed = context.with_mirror(mirror) if mirror else context
        return command(narrowed, *args, **options)

    return _option(run, "Which mirror, if there are several, by the name of its backend.")


def each_mirror(command: Callable[..., int]) -> Callable[..., int]:
    """Run a command for every mirror in use, or for the one that ``--mirror`` names.

    The exit code is the highest of all: what could not be done before what was found.
    """

    @functools.wraps(command)
    def run(context: Context, /, *args: Any, mirror: str | None, **options: Any) -> int:
        names = context.settings.mirror.backend
        if mirror or len(names) < 2:
            narrowed = context.with_mirror(mirror) if mirror else context
            return command(narrowed, *args, **options)
        return _run_all(context, names, lambda narrowed: command(narrowed, *args, **options))

    return _option(run, "Only this mirror, by the name of its backend; default: all.")


def _option(run: Callable[..., Any], words: str) -> Callable[..., Any]:
    option = click.option("--mirror", metavar="NAME", help=words, shell_complete=complete_mirror)
    return option(run)


class _Kept(Output):
    """Keeps the object of ``--json``, which is printed for all together."""

    content: Mapping[str, Any] | None = None

    def json_object(self, schema: str, content: Mapping[str, Any]) -> None:
        del schema
        self.content = content


def _run_all(context: Context, names: Sequence[str], action: Callable[[Context], int]) -> int:
    done: dict[str, Mapping[str, Any]] = {}
    failed: dict[str, PlanaSecretsError] = {}
    codes = []
    for name in names:
        output = _Kept(
            json=context.json,
            color=context.color,
            quiet=context.quiet,
            verbosity=context.verbosity,
            here=context.here,
        )
        if not context.json:
            output.outcome(f"{name}:")
        try:
            codes.append(action(context.with_mirror(name, output)))
            done[name] = output.content or {}
        except PlanaSecretsError as error:
            codes.append(error.exit_code)
            failed[name] = error
    last = max(failed, key=lambda name: failed[name].exit_code) if not done else None
    told = {
        name: report_part(error, name, context.here)
        for name, error in failed.items()
        if name != last
    }
    if last is not None:
        raise failed[last]
    if context.json:
        schema = "-".join(click.get_current_context().command_path.split()[1:])
        context.output.json_object(schema, _together(names, done, told))
    return max(codes)


def _together(
    names: Sequence[str],
    done: Mapping[str, Mapping[str, Any]],
    failed: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What the objects of all say in one: sums and lists; and each by itself in ``mirrors``."""
    whole = {**next(iter(done.values()))}
    for field in whole:
        parts = [one[field] for one in done.values() if field in one]
        if field in _SUMS:
            whole[field] = sum(parts)
        elif field in _LISTS:
            whole[field] = [item for part in parts for item in part]
    in_sync = not failed and all(one["in_sync"] for one in done.values())
    mirrors = [
        done[name] if name in done else {"backend": name, "error": failed[name]} for name in names
    ]
    return {**whole, "backend": ", ".join(names), "in_sync": in_sync, "mirrors": mirrors}
