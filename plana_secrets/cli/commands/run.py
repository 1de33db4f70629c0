"""``plana-secrets run``: a command with values in its environment."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, ClassVar, NoReturn

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.dashes import DashedCommand, behind_dashes
from plana_secrets.document.environment import NameCollisionError
from plana_secrets.errors import PlanaSecretsError, UsageError

if TYPE_CHECKING:
    from plana_secrets.document.environment import Variables
    from plana_secrets.sops.model import Document

EPILOG = """\
The exit code is the command's own. 125 means that it was not started, 126 that it cannot
be executed, 127 that it was not found, and 2 that two values have the same name.

\b
Examples:
  plana-secrets run infra/secrets/dev/example.yaml -- ./server
  plana-secrets run --env DB_PASSWORD=infra/secrets/dev/example.yaml#db.password -- psql
  plana-secrets run infra/secrets/dev/example.yaml --prefix APP_ -- ./server
  plana-secrets run infra/secrets/dev/app.secret.yaml --only -- env
"""

_IDENTITY_VARIABLES = ("SOPS_AGE_KEY",)
"""Private keys that are for us and not for the command."""


class _NotStartedError(PlanaSecretsError):
    """The command did not run; its own statuses end where these begin."""

    exit_code: ClassVar[int] = 125


class _NotExecutableError(_NotStartedError):
    exit_code: ClassVar[int] = 126


class _NotFoundError(_NotStartedError):
    exit_code: ClassVar[int] = 127


class _RunCommand(DashedCommand):
    """What follows ``--`` belongs to another program."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            message = error.format_message().rstrip(".")
            raise _NotStartedError(message[:1].lower() + message[1:], kind="usage") from None


@click.command(
    cls=_RunCommand,
    epilog=EPILOG,
    short_help="Run a command with values in its environment.",
    options_metavar="[OPTIONS] [FILE]... -- COMMAND [ARG]...",
)
@click.argument("files", metavar="", nargs=-1, shell_complete=complete_file)
@click.option(
    "--env",
    "pairs",
    multiple=True,
    metavar="NAME=FILE#PATH",
    help="Set NAME to one value; repeatable.",
)
@click.option("--prefix", default="", metavar="TEXT", help="Prefix for the names from files.")
@click.option(
    "--only",
    is_flag=True,
    help="Pass only these values (and PATH, HOME, the locale, the terminal).",
)
@click.pass_context
@pass_context
def run(
    context: Context,
    ctx: click.Context,
    files: tuple[str, ...],
    pairs: tuple[str, ...],
    prefix: str,
    only: bool,
) -> None:
    """Run COMMAND with the values of each FILE in its environment.

    A value at the top of a plain map, and every entry of a Secret's data (decoded) and
    stringData, keeps its name. A nested value is named by its path: db.password becomes
    DB_PASSWORD. A name that occurs twice or is already in your environment is an error.
    """
    argv = behind_dashes(ctx)
    try:
        if not argv or not (files or pairs):
            raise UsageError("pass a FILE or --env, and a command after --", kind="usage")
        variables = _read_variables(context, files, pairs, prefix)
        environment = _make_environment(variables, only=only)
    except NameCollisionError:
        raise
    except PlanaSecretsError as error:
        raise _NotStartedError(
            error.message, kind=error.kind, retry=error.retry, **error.facts
        ) from None
    _become(argv, environment)


def _read_variables(
    context: Context, files: tuple[str, ...], pairs: tuple[str, ...], prefix: str
) -> Variables:
    from plana_secrets.cli.secretfile import find_leaf, warn_if_pending
    from plana_secrets.document.environment import (
        Variables,
        add_document,
        add_leaf,
        references,
    )

    warn_if_pending(context)
    variables = Variables()
    documents: dict[str, Document] = {}
    for text in files:
        file = _open(context, text, documents)
        add_document(variables, file, documents[file], prefix)
    for name, reference in references(iter(pairs)):
        file, path = find_leaf(context, reference, None)
        _open(context, file, documents)
        add_leaf(variables, name, file, path, documents[file])
    for origin in variables.skipped:
        context.output.warn(
            f"{origin} is not a valid variable name and was skipped; name it with --env"
        )
    return variables


def _open(context: Context, text: str, documents: dict[str, Document]) -> str:
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.secretfiles.open import read_document_of

    file = find_file(context, text)
    if file not in documents:
        documents[file] = read_document_of(context.workspace, file)
    return file


def _make_environment(variables: Variables, *, only: bool) -> dict[str, str]:
    from plana_secrets.process import minimal_environment

    inherited = minimal_environment() if only else dict(os.environ)
    for name in _IDENTITY_VARIABLES:
        inherited.pop(name, None)
    for name, value in variables.values.items():
        if name in inherited:
            raise NameCollisionError(
                f"{name} from {variables.origins[name]} is already in your environment", name=name
            )
        inherited[name] = os.fsdecode(value.reveal())
    return inherited


def _become(argv: list[str], environment: dict[str, str]) -> NoReturn:
    from plana_secrets.process import ProgramError, become_program

    try:
        become_program(argv, environment)
    except ProgramError as error:
        missing = error.facts.get("errno") in {errno.ENOENT, errno.ENOTDIR}
        family = _NotFoundError if missing else _NotExecutableError
        raise family(error.message, kind=error.kind, retry=None, **error.facts) from None
