"""The backends' contract on a real server."""

from __future__ import annotations

from tests.mirror.contract import BackendContract


class TestRealServer(BackendContract):
    """As on the fake."""
