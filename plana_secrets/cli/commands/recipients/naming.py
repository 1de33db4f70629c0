"""Recipients by their names, for people and for ``--json``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plana_secrets.cli.context import Context

if TYPE_CHECKING:
    from plana_secrets.recipients.names import Names


def names_of(context: Context) -> Names:
    """The names of ``[recipients]``."""
    from plana_secrets.recipients.names import Names

    known = context.settings.policy.recipients
    return Names({name: entry.key for name, entry in known.items()})


def listed(recipients: Iterable[str], names: Names) -> list[dict[str, str | None]]:
    """Recipients for ``--json``."""
    return [{"name": names.name_of(one), "recipient": one} for one in recipients]
