"""A mirror in memory, where a folder has no other."""

from __future__ import annotations

import pytest

from tests.mirror.places import MemoryPlace


@pytest.fixture
def place() -> MemoryPlace:
    return MemoryPlace()
