"""Times for people: how far away they are, with the exact one beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from plana_secrets.counts import counted


def relative(moment: datetime, now: datetime) -> str:
    """``in 28 min (18:43 UTC)``, ``3 days ago (2026-11-22 18:15 UTC)``, ``now (18:15 UTC)``.

    The date is left out where the day is today's.
    """
    moment, now = moment.astimezone(UTC), now.astimezone(UTC)
    pattern = "%H:%M UTC" if moment.date() == now.date() else "%Y-%m-%d %H:%M UTC"
    exact = moment.strftime(pattern)
    if abs(moment - now) < timedelta(minutes=1):
        return f"now ({exact})"
    if moment > now:
        # rounded up: at the minute that is shown, it is possible
        exact = (moment + timedelta(seconds=59)).strftime(pattern)
        return f"in {_span(moment - now + timedelta(seconds=59))} ({exact})"
    return f"{_span(now - moment)} ago ({exact})"


def _span(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else counted(hours // 24, "day")
