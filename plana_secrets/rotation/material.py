"""Everything random in a rotation: key ids, rotation ids, values, salts of fingerprints.

It is apart so that the machine stays pure. A key id is never derived from its key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

from plana_secrets.rotation.keyset import LEGACY_KID, Key, Material
from plana_secrets.secret import Secret

KEY_BYTES: Final = 32
WITHHELD: Final = "withheld"

_GENERATED: Final = re.compile(rb"[A-Za-z0-9_-]{43}")
_FINGERPRINT: Final = re.compile(r"hmac-sha256/([0-9a-f]{32})/([0-9a-f]{64})")


def new_key_bytes() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def wrap_material(value: Secret, *, kid: str | None = None) -> Material:
    """``value`` with a fresh key id (a letter first: bare hex may be read as a number)."""
    return Material(kid or f"k{secrets.token_hex(6)}", value, new_rotation_id())


def new_rotation_id() -> str:
    return f"r{secrets.token_hex(8)}"


def encode_base64url(content: bytes) -> str:
    """Base64url without padding, as a JWK has it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def make_fingerprint(key: Key) -> str:
    """What stays of a destroyed key, so that ``verify`` knows its value when it comes back.

    The keyset file is readable, and a fingerprint can be tried against a dictionary: it
    exists only for a value of the form that we generate, where 256 random bits leave
    nothing to try. Of an adopted value of another form no fingerprint is kept.
    """
    if key.value is None or key.kid == LEGACY_KID or not is_generated(key.value):
        return WITHHELD
    content = key.value.reveal()
    salt = secrets.token_bytes(16)
    return f"hmac-sha256/{salt.hex()}/{_digest(salt, content)}"


def is_generated(value: Secret) -> bool:
    """Whether it has the form of the values that we generate."""
    return _GENERATED.fullmatch(value.reveal()) is not None


def is_fingerprint(text: str) -> bool:
    return text == WITHHELD or _FINGERPRINT.fullmatch(text) is not None


def matches_fingerprint(fingerprint: str, value: Secret) -> bool:
    """Whether ``value`` is the destroyed one; never for a fingerprint that was withheld."""
    match = _FINGERPRINT.fullmatch(fingerprint)
    if match is None:
        return False
    digest = _digest(bytes.fromhex(match.group(1)), value.reveal())
    return hmac.compare_digest(digest, match.group(2))


def _digest(salt: bytes, content: bytes) -> str:
    return hmac.new(salt, content, hashlib.sha256).hexdigest()


ADVICE: Final = {
    "bad-adopted-value": "start from a new value: use --fresh instead of --adopt",
}
