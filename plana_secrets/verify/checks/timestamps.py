"""When a file says that it was last written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject

_TOLERANCE: Final = timedelta(minutes=5)


def check_lastmodified(subject: Subject) -> Iterator[Finding]:
    """A stamp in the future would hide a later rollback; clocks may differ a little."""
    try:
        stamp = datetime.fromisoformat(subject.metadata.lastmodified)
    except ValueError:
        return  # the reader has found that already
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    if stamp > subject.now + _TOLERANCE:
        yield subject.found(
            "future-lastmodified",
            f"lastmodified is in the future: {subject.metadata.lastmodified}",
            line=subject.metadata.line,
        )
