"""The options that every command has, at any position on the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from plana_secrets.cli.context import DEFAULT_WAIT, Context

_PREFIX = "shared_"
_LONGEST_WAIT = 86400


def _store(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Put the value where the whole run sees it; the one nearest to the end wins."""
    if value in (None, False, 0):
        return
    context = ctx.find_object(Context)
    if context is None and ctx.resilient_parsing:
        return
    if context is None:
        raise RuntimeError("the shared options need a context")
    if isinstance(param.type, click.Path):
        from pathlib import Path  # for --help it would be a tenth of all imports

        value = Path(value)
    setattr(context, str(param.name).removeprefix(_PREFIX), value)


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--wait``, for a command that writes."""

    def keep(ctx: click.Context, _param: click.Parameter, value: int) -> None:
        context = ctx.find_object(Context)
        if context is not None:
            context.wait = value

    return click.option(
        "--wait",
        type=click.IntRange(0, _LONGEST_WAIT),
        default=DEFAULT_WAIT,
        metavar="SECONDS",
        expose_value=False,
        callback=keep,
        help=f"How long to wait for another run that writes; default: {DEFAULT_WAIT}.",
    )(command)


def at_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--at``, for a command that can look at the past."""
    words = "Use the file as it was at this commit, tag or branch."
    return click.option("--at", metavar="REV", help=words)(command)


def _option(name: str, *flags: str, **settings: Any) -> click.Option:
    return click.Option(
        [*flags, f"{_PREFIX}{name}"], expose_value=False, callback=_store, is_eager=True, **settings
    )


def shared_options() -> list[click.Option]:
    """Fresh option objects for one command."""
    folder = click.Path(exists=True, file_okay=False)
    file = click.Path(dir_okay=False)
    return [
        _option("repo", "--repo", type=folder, metavar="DIR", help="Repository to use."),
        _option(
            "identity_file",
            "--identity-file",
            type=file,
            metavar="FILE",
            help="Use only the age identities in FILE.",
        ),
        _option("json", "--json", is_flag=True, help="Print one JSON object on stdout."),
        _option("no_input", "--no-input", is_flag=True, help="Never prompt; fail instead."),
        _option(
            "color",
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            help="When to use color.",
        ),
        _option("quiet", "-q", "--quiet", is_flag=True, help="Print nothing on success."),
        _option("verbosity", "-v", "--verbose", count=True, help="Show each step; -vv shows more."),
    ]
