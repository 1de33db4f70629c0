"""The program on the real server."""

from __future__ import annotations

from tests.mirror.vaultwarden.office_contract import OfficeContract


class TestRealOffice(OfficeContract):
    """As on the fake."""
