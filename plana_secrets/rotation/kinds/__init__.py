"""What differs between the kinds of keysets: waits, values, and the texts that services read.

A keyset file holds of an ``api_key`` the text that callers send, of a ``jwt_hs256`` the
base64url of the bytes that sign (`k` of the JWK).
"""

from __future__ import annotations

from plana_secrets.rotation.keyset import Key, Keyset, Material
from plana_secrets.rotation.kinds import api_key, jwt_hs256
from plana_secrets.rotation.material import matches_fingerprint
from plana_secrets.rotation.policy import ApiKeyPolicy, KeysetPolicy
from plana_secrets.secret import Secret


def generate(policy: KeysetPolicy) -> Material:
    """A new key from the generator of the operating system."""
    if isinstance(policy, ApiKeyPolicy):
        return api_key.generate()
    return jwt_hs256.generate(policy)


def adopt(policy: KeysetPolicy, content: Secret) -> Material:
    """A key from the value that services read today.

    Raises:
        FailedError: it cannot be a key of this kind (kind ``bad-adopted-value``).
    """
    if isinstance(policy, ApiKeyPolicy):
        return api_key.adopt(policy, content)
    return jwt_hs256.adopt(policy, content)


def is_value_of_kind(kind: str, value: Secret) -> bool:
    """Whether a keyset file of this kind may hold ``value``."""
    check = {"api-key": api_key.is_value, "jwt-hs256": jwt_hs256.is_value}
    return check[kind](value)


def holds_key(text: Secret, keyset: Keyset) -> bool:
    """Whether what services read from a place has a value of ``keyset`` in it, live or not."""
    return any(_holds(text, key, keyset.kind) for key in keyset.keys)


def _holds(text: Secret, key: Key, kind: str) -> bool:
    if key.value is None:
        return matches_fingerprint(key.fingerprint or "", text)
    spellings = {key.value.reveal(), api_key.in_json(key.value)}
    if kind == "jwt-hs256":
        spellings.add(jwt_hs256.key_bytes(key.value))
    return any(spelling in text.reveal() for spelling in spellings)
