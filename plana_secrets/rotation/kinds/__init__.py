"""The kinds of keysets: each is a folder here, and a row of the table.

A keyset file holds of an ``api_key`` the text that callers send, of a ``jwt_hs256`` the
base64url of the bytes that sign (`k` of the JWK).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plana_secrets.rotation.kinds.api_key.policy import ApiKeyPolicy
from plana_secrets.rotation.kinds.jwt_hs256.policy import JwtPolicy
from plana_secrets.rotation.policy import KeysetPolicy

KINDS: Final[Mapping[str, type[KeysetPolicy]]] = {
    kind.kind: kind for kind in (ApiKeyPolicy, JwtPolicy)
}
