"""Something that happened, as frozen data, and who is told.

The code below the command line neither logs nor prints: it tells an observer, and the
command line decides what a person sees at ``-v``. Facts are our names and counts,
never values and never texts of other programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """``name`` is a stable word like ``file-replaced``; facts say which one."""

    name: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


NEW_DATA_KEY = "new-data-key"
"""A file gets another data key, which nothing in the call asked for: a person is told always.

Facts: ``file`` and ``former``: recipients who could open it with an older version."""

WAITING = "waiting"
"""A call lasts longer than people expect. Facts: ``task``, what it does."""

LOGIN_NOT_KEPT = "login-not-kept"
"""The next run logs in again, and the server limits logins. Facts: ``reason``."""

Observer = Callable[[Event], None]


def silent(_event: Event) -> None:
    """No one is told."""
