"""Opening encrypted values, and the MAC over a document.

A value is bound to the keys on its way by the additional data (list positions are not
in it). The MAC is a SHA-512 over all values in order, itself encrypted; its additional
data is the time of the last change.

Sources: ``aes/cipher.go`` and ``sops.go`` of sops 3.11.0.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Metadata, Token

_ONLY_ENCRYPTED: Final = hashlib.sha256(b"sops").digest()
"""What the hash starts with where readable values are left out of it."""


class Opener:
    """One data key, ready to decrypt."""

    def __init__(self, data_key: bytes) -> None:
        self._cipher = AESGCM(data_key)

    def open(self, token: Token, additional: bytes) -> bytes | None:
        """The content of a token, or None where it does not belong to this key and place."""
        try:
            return self._cipher.decrypt(token.iv, token.data + token.tag, additional)
        except InvalidTag:
            return None


def additional_data(path: LeafPath) -> bytes:
    """How sops names a place: the keys, each followed by a colon."""
    return (":".join([step for step in path if type(step) is str]) + ":").encode()


class Mac:
    """The hash over the values, fed in document order."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata
        self._hash = hashlib.sha512(_ONLY_ENCRYPTED if metadata.mac_only_encrypted else b"")
        self.update = self._hash.update

    def holds(self, opener: Opener) -> bool | None:
        """Whether it equals the one in the file; None where that one cannot be opened."""
        token = self._metadata.mac
        if token is None:
            return None
        stored = opener.open(token, self._metadata.lastmodified.encode())
        if stored is None:
            return None
        return hmac.compare_digest(stored, self._hash.hexdigest().upper().encode())
