"""What people change around the values, on a real server."""

from __future__ import annotations

from tests.mirror.vaultwarden.around import AroundContract


class TestRealServer(AroundContract):
    """As on the fake."""
