"""Whether the clock of this machine can be right, by what earlier moves say of the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.rotation.inforce import terms_of
from plana_secrets.rotation.instants import format_instant
from plana_secrets.rotation.keyset import CLOCK_TOLERANCE
from plana_secrets.rotation.policy import KeysetPolicy

_MARGIN: Final = 1.5
"""How much longer than the longest wait nothing may happen before it looks like a wrong clock."""


class ClockError(FailedError):
    """The clock of this machine cannot be right."""


def longest_wait(policies: Sequence[KeysetPolicy]) -> timedelta:
    """How long nothing may have to move, whatever phase the keysets are in."""
    waits = [timedelta(0)]
    for policy in policies:
        terms = sum((wait for _, wait in terms_of(policy).waits), timedelta(0))
        waits += [terms, policy.max_age]
    return max(waits)


def check_not_behind(newest_commit: datetime | None, now: datetime) -> None:
    """
    Raises:
        ClockError: the newest move was made later than ``now`` (kind ``clock-backwards``).
    """
    if newest_commit is not None and newest_commit > now + CLOCK_TOLERANCE:
        instant = format_instant(newest_commit)
        raise ClockError(
            f"the clock is behind {instant}, when the newest move was made",
            kind="clock-backwards",
            not_before=instant,
        )


def is_far_ahead(
    moments: Iterable[datetime | None], now: datetime, policies: Sequence[KeysetPolicy]
) -> datetime | None:
    """The newest of ``moments``, if the waits do not explain that nothing moved since then."""
    newest = max((one for one in moments if one is not None), default=None)
    if newest is None or now - newest <= longest_wait(policies) * _MARGIN:
        return None
    return newest


def ahead_error(newest: datetime, now: datetime) -> ClockError:
    return ClockError(
        f"the clock says {format_instant(now)}, and the newest move is of"
        f" {format_instant(newest)}: longer ago than any wait explains",
        kind="clock-ahead",
        newest=format_instant(newest),
    )
