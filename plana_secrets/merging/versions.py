"""The versions of a file that are merged, as they came."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Versions:
    """Of one file, as ciphertext. ``base`` None: both sides added it."""

    base: bytes | None
    ours: bytes
    theirs: bytes
