"""A Bitwarden Secrets Manager in memory that speaks TLS and enforces what a real one enforces.

It holds ciphertext only. ``store`` is the data and the rules, ``server`` speaks HTTPS and can
be told to misbehave, ``people`` is someone with the web app: an administrator who opens the
organization's key without the SDK.
"""

from tests.fakes.bitwarden_sm.people import Administrator
from tests.fakes.bitwarden_sm.server import FakeBitwarden, Fault

__all__ = ["Administrator", "FakeBitwarden", "Fault"]
