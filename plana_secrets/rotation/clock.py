"""Whether the clock of this machine can be right, by what earlier moves say of the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.rotation.inforce import terms_in_force, terms_of
from plana_secrets.rotation.instants import format_instant
from plana_secrets.rotation.keyset import CLOCK_TOLERANCE, Keyset
from plana_secrets.rotation.policy import KeysetPolicy

_MARGIN: Final = 1.5
"""How much longer than the longest wait nothing may happen before it looks like a wrong clock."""

_PAUSE: Final = timedelta(days=30)
"""A job may be off for so long, whatever the waits are."""


class ClockError(FailedError):
    """The clock of this machine cannot be right."""


def longest_wait(policies: Sequence[KeysetPolicy], keysets: Iterable[Keyset]) -> timedelta:
    """How long nothing may have to move, whatever phase the keysets are in."""
    by_name = {keyset.name: keyset for keyset in keysets}
    waits = [timedelta(0)]
    for policy in policies:
        keyset = by_name.get(policy.name)
        terms = terms_in_force(keyset, policy) if keyset else terms_of(policy)
        waits += [sum((wait for _, wait in terms.waits), timedelta(0)), policy.max_age]
    return max(waits)


def is_behind(newest: datetime, now: datetime) -> bool:
    """Whether a move is dated later than ``now``."""
    return newest > now + CLOCK_TOLERANCE


def behind_error(name: str, newest: datetime) -> ClockError:
    instant = format_instant(newest)
    return ClockError(
        f"the clock is behind {instant}, the time of the newest move",
        kind="clock-backwards",
        name=name,
        not_before=instant,
    )


def find_far_behind(
    newest_commit: datetime | None,
    keysets: Sequence[Keyset],
    policies: Sequence[KeysetPolicy],
    now: datetime,
) -> datetime | None:
    """The newest move, if the waits do not explain that nothing moved since then."""
    sinces = [key.since for keyset in keysets for key in keyset.keys if key.since]
    moments = [*sinces, newest_commit] if newest_commit else sinces
    explained = max(longest_wait(policies, keysets) * _MARGIN, _PAUSE)
    if not moments or now - max(moments) <= explained:
        return None
    return max(moments)


def ahead_error(newest: datetime, now: datetime) -> ClockError:
    return ClockError(
        f"the clock says {format_instant(now)}, but the newest move is from "
        f"{format_instant(newest)}: longer ago than any wait explains",
        kind="clock-ahead",
        newest=format_instant(newest),
    )


ADVICE: Final = {
    "clock-ahead": ("set this machine's clock; if it is right, run it in a terminal and confirm"),
}
