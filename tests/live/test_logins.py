"""Login items on the real server."""

from __future__ import annotations

from tests.mirror.vaultwarden.logins_contract import LoginsContract


class TestRealLogins(LoginsContract):
    """As on the fake."""
