"""The program on the fake server."""

from __future__ import annotations

from tests.mirror.vaultwarden.office_contract import OfficeContract


class TestOffice(OfficeContract):
    """As on a real server."""
