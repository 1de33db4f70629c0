"""Items where no one looks, on a real server."""

from __future__ import annotations

from tests.mirror.vaultwarden.strays import StraysContract


class TestRealServer(StraysContract):
    """As on the fake."""
