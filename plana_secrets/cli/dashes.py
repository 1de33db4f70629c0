"""A command that sees where ``--`` was; click removes it without a trace."""

from __future__ import annotations

import click

_BEHIND = f"{__name__}.behind"


class DashedCommand(click.Command):
    """Hides what follows ``--`` from click's own parser."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else None
        ctx.meta[_BEHIND] = None if at is None else args[at + 1 :]
        return super().parse_args(ctx, args[:at])


def behind_dashes(ctx: click.Context) -> list[str] | None:
    """The words behind ``--``; None where there was none."""
    words: list[str] | None = ctx.meta[_BEHIND]
    return words
