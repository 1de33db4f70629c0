"""What a target is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """``check`` raises only what is documented; ``seeds`` are inputs that it accepts."""

    name: str
    seeds: tuple[bytes, ...]
    check: Callable[[bytes], None]
