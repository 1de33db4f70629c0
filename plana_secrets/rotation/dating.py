"""When the moves of a keyset landed: written, started again, taken back. Pure.

An instant that is late costs time; one that is early is an outage.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from plana_secrets.rotation.keyset import CLOCK_TOLERANCE, Key, Keyset, Status


def stamp(keyset: Keyset, now: datetime) -> Keyset:
    """The keyset with ``now`` as the instant at which the open move landed.

    The version stays: it counts what services are to see, and nothing of that changed.
    """
    landed = now.replace(microsecond=0) + timedelta(seconds=1 if now.microsecond else 0)
    keys = (key if key.since else replace(key, since=landed) for key in keyset.keys)
    return replace(keyset, keys=tuple(keys))


def reopen(keyset: Keyset) -> Keyset:
    """The keyset with its wait started again, for services read other values now."""
    rotating = {Status.STANDBY, Status.RETIRING}
    keys = (replace(key, since=None) if key.status in rotating else key for key in keyset.keys)
    return replace(keyset, keys=tuple(keys))


def future_keys(keyset: Keyset, now: datetime) -> tuple[Key, ...]:
    """The keys whose instant is in the future: a clock was wrong, then or now."""
    limit = now + CLOCK_TOLERANCE
    return tuple(key for key in keyset.keys if key.since and key.since > limit)


def undate(keyset: Keyset, now: datetime) -> Keyset:
    """The keyset without the instants that are in the future."""
    wrong = future_keys(keyset, now)
    keys = (replace(key, since=None) if key in wrong else key for key in keyset.keys)
    return replace(keyset, keys=tuple(keys))
