"""The memory and the local backend keep the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mirror.contract import BackendContract
from tests.mirror.places import LocalPlace, MemoryPlace


class TestMemory(BackendContract):
    @pytest.fixture
    def place(self) -> MemoryPlace:
        return MemoryPlace()


class TestLocal(BackendContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> LocalPlace:
        return LocalPlace(tmp_path)
