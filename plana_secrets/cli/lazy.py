"""Groups whose commands are imported when they are called.

``--help`` of a group shows the short help kept in its table, so it imports no command
(a test holds the tables to the commands' own help). The options that every command
shares are added here, so that they work before and after the command's name.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from plana_secrets.cli.options import shared_options

CommandTable = Mapping[str, Mapping[str, tuple[str, str]]]
"""Section title -> command name -> (``module:attribute``, short help)."""


class LazyGroup(click.Group):
    """A group with a table instead of registered commands.

    ``elsewhere``: names that other programs have for what is done here, with the command for it.
    """

    def __init__(
        self,
        *args: Any,
        table: CommandTable,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("no_args_is_help", True)
        super().__init__(*args, **kwargs)
        self.table = table
        self.elsewhere = elsewhere
        self.params = [*self.params, *shared_options()]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for section in self.table.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        for section in self.table.values():
            if cmd_name in section:
                return load_command(section[cmd_name][0])
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a suggestion for a name that is nearly right."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            if found := self.elsewhere.get(args[0]):
                words = f"{error.message} Use `plana-secrets {found}`."
                raise click.UsageError(words, ctx) from None
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        width = max(len(name) for section in self.table.values() for name in section)
        for title, section in self.table.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), help_text) for name, (_, help_text) in section.items()]
                )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Names from the table, without importing the commands."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=help_text)
            for section in self.table.values()
            for name, (_, help_text) in section.items()
            if name.startswith(incomplete)
        ]
        if found:
            return found
        return click.Command.shell_complete(self, ctx, incomplete)


def load_command(target: str) -> click.Command:
    """The command at ``module:attribute``, with the shared options added to it."""
    module, _, attribute = target.partition(":")
    command: click.Command = getattr(importlib.import_module(module), attribute)
    present = {param.name for param in command.params}
    command.params += [option for option in shared_options() if option.name not in present]
    return command
