"""A Vaultwarden in memory that speaks HTTP and enforces what a real one enforces.

Roles, read-only grants, revision dates, sizes, the shapes of errors, one-time codes, the
limit of logins: as the real server of 1.37.2 does, or this is wrong. It holds ciphertext
and hashes only, like a server. ``server`` speaks HTTP and can be told to misbehave,
``store`` is the data, ``access`` the rules, the rest are the calls by topic.
"""

from tests.fakes.vaultwarden.server import FakeVaultwarden, Fault, Relay

__all__ = ["FakeVaultwarden", "Fault", "Relay"]
