"""All traps, and clones with a choice of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from tests.hostile import filetraps, gittraps, settingstraps
from tests.hostile.clone import Clone, copy_base
from tests.hostile.traps import TRAPS, Trap, Where
from tests.world import World

del filetraps, gittraps, settingstraps  # their import filled the table

ALL: Sequence[Trap] = tuple(TRAPS)
DEEP: Sequence[Trap] = tuple(one for one in ALL if not one.stops)
"""Those among which a run gets far."""


def make_clone(
    base: World, folder: Path, traps: Collection[Trap], where: Collection[Where] = tuple(Where)
) -> Clone:
    """A clone with ``traps``; the ones of a commit are in its HEAD."""
    folder.mkdir()
    clone = copy_base(base, folder)
    for place in Where:
        for trap in traps:
            if trap.where is place and place in where:
                trap.build(clone)
        if place is Where.COMMIT:
            clone.world.git("add", "-A", "-f")
            clone.world.git("commit", "-q", "--allow-empty", "-m", "traps")
    assert not clone.ran.exists(), clone.ran.read_text()
    return clone
