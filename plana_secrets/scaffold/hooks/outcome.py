"""What became of one thing that was to be installed or removed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal[
    "installed", "replaced", "unchanged", "called", "foreign",
    "removed", "absent", "changed-by-hand",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """``place``: the file that was written, or that decides. ``add``: lines for a person to add
    to that file, where we may not write.

    ``called``: a file of others calls us already. ``foreign``: it is of others, and does not.
    """

    name: str
    state: State
    place: Path
    add: str | None = None

    @property
    def is_done(self) -> bool:
        return self.state not in {"foreign", "changed-by-hand"}
