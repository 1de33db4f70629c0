"""age's post-quantum keys: ML-KEM-768 and X25519 together.

An identity is a seed of 32 bytes. Source: c2sp.org/age, "The hybrid recipient type";
RFC 9180 (HPKE); draft-connolly-cfrg-xwing-kem for the seed and the public key.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from plana_secrets.age.bech32 import bech32_decode, bech32_encode
from plana_secrets.age.fileformat import (
    FILE_KEY_SIZE,
    Stanza,
    armor,
    damaged,
    decode_text,
    encode_text,
    has_stanza,
    open_age_file,
    seal_age_file,
)
from plana_secrets.errors import FailedError, MalformedError
from plana_secrets.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

STANZA: Final = "mlkem768x25519"
IDENTITY_PREFIX: Final = "AGE-SECRET-KEY-PQ-"
RECIPIENT_PREFIX: Final = "age1pq"

_USE: Final = b"age-encryption.org/mlkem768x25519"
_SEED: Final = 32
_LATTICE_KEY: Final = 1184
"""Bytes of an ML-KEM-768 public key; the X25519 one follows it."""

_CURVE_KEY: Final = 32
_PUBLIC: Final = _LATTICE_KEY + _CURVE_KEY
_SHARE: Final = 1088 + _CURVE_KEY
_BODY: Final = FILE_KEY_SIZE + 16


@dataclass(frozen=True, slots=True)
class HybridKey:
    """A private key. ``text``: as ``age-keygen -pq`` writes it."""

    recipient: str
    text: Secret
    _native: MLKEM768X25519PrivateKey = field(repr=False, compare=False)

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key in a stanza, or None where it is for another key.

        Raises:
            MalformedError: no program makes such a stanza (kind ``bad-age-file``).
        """
        from cryptography.exceptions import InvalidTag

        if stanza.kind != STANZA:
            return None
        if len(stanza.arguments) != 1:
            raise damaged()
        share = decode_text(stanza.arguments[0].encode())
        if len(share) != _SHARE or len(stanza.body) != _BODY:
            raise damaged()
        _check_point(share[-_CURVE_KEY:])
        try:
            return bytes(_suite().decrypt(share + stanza.body, self._native, _USE))
        except InvalidTag:
            return None


def open_with(keys: Sequence[HybridKey], encrypted: bytes) -> bytes | None:
    """The content of an age file, or None where it is for none of ``keys``.

    A file without a stanza of this kind is left to the age library, damaged or not.

    Raises:
        MalformedError: it is damaged (kind ``bad-age-file``).
    """

    def unwrap(stanzas: Sequence[Stanza]) -> bytes | None:
        for key in keys:
            for stanza in stanzas:
                file_key = key.unwrap(stanza)
                if file_key is not None:
                    return file_key
        return None

    return open_age_file(encrypted, unwrap) if has_stanza(encrypted, STANZA) else None


def seal_for(recipients: Sequence[str], content: bytes, *, armored: bool) -> bytes:
    """An age file for ``age1pq1...`` recipients.

    Raises:
        MalformedError, FailedError: as ``parse_hybrid_recipient``.
    """
    keys = [parse_hybrid_recipient(text) for text in recipients]
    sealed = seal_age_file(content, lambda file_key: [_wrap_to(key, file_key) for key in keys])
    return armor(sealed) if armored else sealed


def parse_hybrid_key(text: str) -> HybridKey:
    """The key that ``AGE-SECRET-KEY-PQ-1...`` spells.

    Raises:
        MalformedError: the text is damaged.
        FailedError: the library here is too old (kind ``no-post-quantum``).
    """
    prefix, seed = bech32_decode(text)
    if prefix != IDENTITY_PREFIX.lower() or len(seed) != _SEED or text != text.upper():
        raise MalformedError("a damaged post-quantum identity", kind="bad-bech32")
    return _key_of(seed)


def generate_hybrid_key() -> HybridKey:
    """A new key, held nowhere but in the returned object."""
    return _key_of(os.urandom(_SEED))


def recipient_bytes(text: str) -> bytes:
    """Both public keys in ``age1pq1...``; whether they are keys only the library can say.

    Raises:
        MalformedError: the text is damaged.
    """
    prefix, content = bech32_decode(text)
    if prefix != RECIPIENT_PREFIX or len(content) != _PUBLIC or text != text.lower():
        raise MalformedError("a damaged post-quantum recipient", kind="bad-bech32")
    return content


def parse_hybrid_recipient(text: str) -> Any:
    """The library's object of ``age1pq1...``, to encrypt to.

    Raises:
        MalformedError: the text is damaged, or no such key.
        FailedError: the library here is too old (kind ``no-post-quantum``).
    """
    content = recipient_bytes(text)
    hpke = _hpke()
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    try:
        lattice = MLKEM768PublicKey.from_public_bytes(content[:_LATTICE_KEY])
        curve = X25519PublicKey.from_public_bytes(content[_LATTICE_KEY:])
    except ValueError:
        raise MalformedError("a damaged post-quantum recipient", kind="bad-bech32") from None
    return hpke.MLKEM768X25519PublicKey(lattice, curve)


def _wrap_to(recipient: Any, file_key: bytes) -> Stanza:
    sealed = _suite().encrypt(file_key, recipient, _USE)
    share, body = sealed[:_SHARE], sealed[_SHARE:]
    return Stanza(STANZA, (encode_text(share).decode(),), body)


def _key_of(seed: bytes) -> HybridKey:
    hpke = _hpke()
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    expanded = hashlib.shake_256(seed).digest(96)
    lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    curve = X25519PrivateKey.from_private_bytes(expanded[64:])
    public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return HybridKey(
        bech32_encode(RECIPIENT_PREFIX, public),
        Secret.from_text(bech32_encode(IDENTITY_PREFIX.lower(), seed).upper()),
        hpke.MLKEM768X25519PrivateKey(lattice, curve),
    )


def _suite() -> Any:
    hpke = _hpke()
    return hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


def _check_point(point: bytes) -> None:
    """Refuse the points with which every key agrees on the same secret, as age does."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError:
        raise damaged() from None


def _hpke() -> Any:
    try:
        from cryptography.hazmat.primitives import hpke
    except ImportError:
        raise FailedError(
            "post-quantum keys need version 47 or newer of the Python package cryptography",
            kind="no-post-quantum",
        ) from None
    return hpke


ADVICE: Final = {
    "no-post-quantum": "upgrade it: `pip install --upgrade cryptography`",
}
