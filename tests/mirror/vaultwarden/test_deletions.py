"""People and deletions, on the fake server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mirror.vaultwarden.deletions import DeletionContract


@pytest.mark.usefixtures("server")
class TestFakeServer(DeletionContract):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path
