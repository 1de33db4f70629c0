"""What differs between the kinds of keysets: waits, values, and the texts that services read.

A keyset file holds of an ``api-key`` the text that callers send, of a ``jwt-hs256`` the
base64url of the bytes that sign (the ``k`` of the JWK).
"""

from __future__ import annotations

from plana_secrets.rotation.keyset import Conditions, Material
from plana_secrets.rotation.kinds import api_key, jwt_hs256
from plana_secrets.rotation.policy import ApiKeyPolicy, KeysetPolicy
from plana_secrets.secret import Secret


def conditions_of(policy: KeysetPolicy) -> Conditions:
    """What the policy demands of the moves."""
    if isinstance(policy, ApiKeyPolicy):
        return api_key.conditions_of(policy)
    return jwt_hs256.conditions_of(policy)


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
