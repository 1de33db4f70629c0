"""Items where no one looks, on the fake server."""

from __future__ import annotations

from tests.mirror.vaultwarden.strays import StraysContract


class TestFakeServer(StraysContract):
    """As on a real server."""
