"""Ciphertext as Bitwarden clients write it, and the keys for it.

Two forms are spoken: type 2 (AES-256-CBC and HMAC-SHA256 over IV and ciphertext, checked
first and in constant time) and type 4 (RSA-OAEP with SHA-1, for the key of an
organization). Every other type is refused by name; above all type 0, which has no MAC,
and a type 2 without its MAC part: a server could alter both at will.
"""

from __future__ import annotations

import hmac
import os
import re
from binascii import a2b_base64, b2a_base64
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric import padding as asymmetric_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_der_private_key

from plana_secrets.errors import MalformedError
from plana_secrets.secret import Secret

KEY_SIZE: Final = 64

_BLOCK: Final = 16
_PADDINGS: Final = tuple(bytes([_BLOCK - over]) * (_BLOCK - over) for over in range(_BLOCK))
_BASE64: Final = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_SEALED: Final = re.compile(rf"2\.({_BASE64})\|({_BASE64})\|({_BASE64})")
_WRAPPED: Final = re.compile(rf"4\.({_BASE64})")
_TYPE: Final = re.compile(r"([0-9]{1,2})\.")

_REFUSED: Final = {
    "0": ("no-mac", "encrypted text of type 0 is refused: it has no MAC"),
    "1": ("encryption-type", "encrypted text of type 1 is refused: an obsolete format"),
    "2": ("no-mac", "encrypted text of type 2 is refused: its MAC is missing or cut off"),
    "7": ("account-v2", "encrypted text of type 7 is refused: account encryption version 2"),
}


class WrongMacError(MalformedError):
    """Sealed with another key, or changed since."""

    default_kind = "wrong-mac"


class SymmetricKey:
    """Half for encryption, half for the MAC. Belongs to a user, an organization or an item.

    A mirror holds tens of thousands of short texts, and setting a cipher up costs more
    than running it. So one chain of blocks runs on through all texts: a block ahead of
    each takes the place of its initialisation vector. For one thread at a time.
    """

    __slots__ = ("_content", "_decryptor", "_encryptor", "_mac")

    def __init__(self, content: Secret) -> None:
        """
        Raises:
            MalformedError: it is not 64 bytes (kind ``account-v2`` where it is longer).
        """
        key = content.reveal()
        if len(key) != KEY_SIZE:
            kind = "account-v2" if len(key) > KEY_SIZE else "account-key"
            raise MalformedError(f"a key of {len(key)} bytes instead of {KEY_SIZE}", kind=kind)
        chain = Cipher(algorithms.AES(key[:32]), modes.CBC(bytes(_BLOCK)))
        self._content = content
        self._encryptor = chain.encryptor()
        self._decryptor = chain.decryptor()
        self._mac = key[32:]

    @classmethod
    def generate(cls) -> SymmetricKey:
        return cls(Secret(os.urandom(KEY_SIZE)))

    def __repr__(self) -> str:
        return "SymmetricKey(***)"

    def reveal(self) -> Secret:
        """The 64 bytes, to be wrapped with another key or kept in a keyring."""
        return self._content

    @property
    def fingerprint(self) -> str:
        """Tells keys apart and nothing about them; may be public."""
        return hmac.digest(self._content.reveal(), b"plana-secrets key fingerprint", "sha256").hex()

    def seal(self, content: bytes) -> str:
        """Encrypt ``content`` to the text form of type 2.

        The vector is the ciphertext of a random block, which is as random as the block.
        """
        chained = self._encryptor.update(
            os.urandom(_BLOCK) + content + _PADDINGS[len(content) % _BLOCK]
        )
        parts = (
            b2a_base64(chained[:_BLOCK], newline=False),
            b2a_base64(chained[_BLOCK:], newline=False),
            b2a_base64(hmac.digest(self._mac, chained, "sha256"), newline=False),
        )
        return "2." + b"|".join(parts).decode("ascii")

    def seal_text(self, text: str) -> str:
        return self.seal(text.encode("utf-8"))

    def open(self, sealed: str) -> Secret:
        """Decrypt the text form of type 2.

        Raises:
            MalformedError: another form (kinds ``no-mac``, ``account-v2``,
                ``encryption-type``), or not sealed with this key (kind ``wrong-mac``).
        """
        match = _SEALED.fullmatch(sealed)
        if match is None:
            _refuse(sealed)
        vector, ciphertext, mac = map(a2b_base64, match.groups())
        if len(vector) != _BLOCK or not ciphertext or len(ciphertext) % _BLOCK or len(mac) != 32:
            _refuse(sealed)
        chained = vector + ciphertext
        if not hmac.compare_digest(mac, hmac.digest(self._mac, chained, "sha256")):
            raise WrongMacError("encrypted text whose MAC does not match the key")
        return Secret(_unpad(self._decryptor.update(chained)[_BLOCK:]))


def load_private_key(content: Secret) -> RSAPrivateKey:
    """The RSA key of a user.

    Its arithmetic is not checked again: it came out of a text whose MAC held, so that one
    of the account's own clients wrote it.

    Raises:
        MalformedError: it is no RSA key in PKCS #8.
    """
    try:
        key = load_der_private_key(
            content.reveal(), password=None, unsafe_skip_rsa_key_validation=True
        )
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise MalformedError("the account's private key is not an RSA key", kind="account-key")
    return key


def unwrap_key(wrapped: str, private_key: RSAPrivateKey) -> SymmetricKey:
    """The key of an organization, which was wrapped for one member with type 4.

    Raises:
        MalformedError: another form, or wrapped for another member.
    """
    match = _WRAPPED.fullmatch(wrapped)
    if match is None:
        _refuse(wrapped)
    try:
        content = private_key.decrypt(a2b_base64(match.group(1)), OAEP)
    except ValueError:
        raise MalformedError(
            "the organization's key was not encrypted for this account", kind="account-key"
        ) from None
    return SymmetricKey(Secret(content))


OAEP: Final = asymmetric_padding.OAEP(
    mgf=asymmetric_padding.MGF1(algorithm=SHA1()),  # noqa: S303 - what every client writes
    algorithm=SHA1(),  # noqa: S303
    label=None,
)


def _refuse(text: str) -> NoReturn:
    match = _TYPE.match(text)
    name = match.group(1) if match else ""
    kind, message = _REFUSED.get(
        name,
        ("encryption-type", f"encrypted text of type {name} is refused here")
        if name
        else ("encryption-type", "text that is not encrypted where it must be"),
    )
    raise MalformedError(message, kind=kind)


def _unpad(padded: bytes) -> bytes:
    """The MAC held, so that a wrong padding is a writer's fault and no oracle."""
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        raise MalformedError("encrypted text with a wrong padding", kind="wrong-padding")
    return padded[:-count]


ADVICE: Final = {
    "account-key": "set up the account again: one of its keys is invalid",
    "account-v2": "use an account with encryption version 1",
    "encryption-type": "it was tampered with, or written by a client that is too old",
    "no-mac": "it was tampered with, or written by a client that is too old",
    "wrong-mac": "it was tampered with, or written with another key",
    "wrong-padding": "a faulty client wrote it; save the item again with another client",
}
