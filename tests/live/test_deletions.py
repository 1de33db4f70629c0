"""People and deletions, on a real server."""

from __future__ import annotations

from tests.mirror.vaultwarden.deletions import DeletionContract


class TestRealServer(DeletionContract):
    """As on the fake."""
