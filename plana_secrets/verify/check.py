"""What a check is: an id, how bad, what it needs, and three texts for people.

The table of all checks is ``catalogue``; the functions that do the checking are in
``checks``, one idea a file. A check never raises for what is in a file: bad content
is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from plana_secrets.sops.model import Severity


class Level(IntEnum):
    """How much was checked: alone, in a range, with the identity, with the mirror."""

    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4


@dataclass(frozen=True, slots=True)
class Check:
    """``severity`` is the usual one: a finding may be milder or worse, and then says so itself.

    ``acceptable`` False: no ``[[verify.accept]]`` can make this finding go away.
    """

    id: str
    severity: Severity
    level: Level
    what: str
    why: str
    fix: str
    acceptable: bool = True
