"""Where the mirror is, and by which credentials; it is not asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from plana_secrets.cli.checkup.result import Result, from_error
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.sops.model import Severity

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context


def check_mirror(context: Context) -> Iterator[Result]:
    from plana_secrets.cli.commands.mirror.comparison import surroundings

    try:
        used = context.settings.mirror.used
    except PlanaSecretsError:
        return  # the settings, or the repository, have a line of their own
    for one in used:
        try:
            yield Result("mirror", f"mirror {one.describe(surroundings(context))}")
        except PlanaSecretsError as error:
            yield from_error("mirror", error, Severity.WARNING)
