"""Recipients in words: by the names that people gave them."""

from __future__ import annotations

from collections.abc import Iterable

from plana_secrets.recipients.names import Names
from plana_secrets.verify.policy import Policy


def names_of(recipients: Iterable[str], policy: Policy) -> str:
    """Recipients by their name in the settings, as far as they have one."""
    return Names({name: entry.key for name, entry in policy.recipients.items()}).shown(recipients)
