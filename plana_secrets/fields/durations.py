"""Durations as settings and keyset files spell them: ``30m``, ``90d``. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

LONGEST: Final = timedelta(days=3650)
"""No wait is longer, so that an instant and all its waits stay within the calendar."""

PATTERN: Final = re.compile(r"(0|[1-9][0-9]{0,9})([smhd])")
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """The time that a text such as ``30m`` or ``90d`` means.

    Raises:
        ValueError: it means none, or one that is longer than ``LONGEST``.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError("not a duration like 30m, 1h or 90d")
    seconds = int(match.group(1)) * SECONDS[match.group(2)]
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"longer than {LONGEST.days}d")
    return timedelta(seconds=seconds)


def format_duration(time: timedelta) -> str:
    """The one spelling of a duration in keyset files: in the largest unit that fits."""
    seconds = int(time.total_seconds())
    unit = next(one for one in "dhms" if seconds % SECONDS[one] == 0 and (seconds or one == "s"))
    return f"{seconds // SECONDS[unit]}{unit}"
