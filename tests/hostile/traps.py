"""What a trap is: a name, a function that sets it, and what ``verify`` must make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.hostile.clone import Clone


class Where(Enum):
    """How a trap gets to a person. Those of a commit are set first."""

    COMMIT = "in a commit"
    DISK = "on the disk, from an archive or a build"
    GIT = "inside .git, from somebody who was there before"


class Outcome(Enum):
    """What ``verify`` says of a clone with this trap alone: its exit statuses."""

    NOTHING = frozenset({0})
    """No error; it may warn."""
    FINDING = frozenset({1})
    INCOMPLETE = frozenset({3})
    REFUSED = frozenset({2, 3, 7})
    """Also a run that stops before it has looked at any file."""


@dataclass(frozen=True)
class Trap:
    """``says``: a word that the output of ``verify`` must hold.

    ``stops``: other traps have little effect beside it, since many runs end there.
    ``folders``: where it waits, beside the top.
    """

    name: str
    where: Where
    outcome: Outcome
    build: Callable[[Clone], None]
    says: str = ""
    stops: bool = False
    folders: tuple[str, ...] = ()


TRAPS: list[Trap] = []
"""Filled by ``trap`` when the modules of the traps are imported."""


def trap(
    where: Where,
    outcome: Outcome,
    *,
    says: str = "",
    stops: bool = False,
    folders: tuple[str, ...] = (),
) -> Callable[[Callable[[Clone], None]], Callable[[Clone], None]]:
    """Enter a function into the table under its name."""

    def enter(build: Callable[[Clone], None]) -> Callable[[Clone], None]:
        TRAPS.append(Trap(build.__name__, where, outcome, build, says, stops, folders))
        return build

    return enter
