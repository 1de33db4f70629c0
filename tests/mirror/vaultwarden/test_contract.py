"""The backends' contract on the fake server."""

from __future__ import annotations

from tests.mirror.contract import BackendContract


class TestFakeServer(BackendContract):
    """As on a real server."""
