"""People and deletions, on the fake server."""

from __future__ import annotations

import pytest

from tests.mirror.vaultwarden.deletions import DeletionContract


@pytest.mark.usefixtures("server")
class TestFakeServer(DeletionContract):
    """As on a real server."""
