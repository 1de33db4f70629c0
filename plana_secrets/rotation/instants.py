"""How an instant is spelled in keyset files and in what services read. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_SPELLING: Final = "%Y-%m-%dT%H:%M:%SZ"
_YEARS: Final = range(2000, 3000)
"""With every wait added to it, such an instant is still one that can be computed."""


def format_instant(instant: datetime) -> str:
    """The one spelling of an instant, in UTC and whole seconds."""
    return instant.astimezone(UTC).strftime(_SPELLING)


def parse_instant(text: str) -> datetime:
    """The instant that ``format_instant`` spelled.

    Raises:
        ValueError: it is spelled otherwise, or of another age.
    """
    instant = datetime.strptime(text, _SPELLING).replace(tzinfo=UTC)
    if instant.year not in _YEARS or format_instant(instant) != text:
        raise ValueError("not the canonical spelling")
    return instant
