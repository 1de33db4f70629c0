"""Files under a passphrase that open in no time.

pyrage makes a file that takes about a second to open; the format leaves the work factor
to the writer, so here it is the least (age specification v1, the scrypt recipient type).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LOG_WORK = 2


def protect_cheaply(content: bytes, passphrase: bytes) -> bytes:
    """An age file of at most 64 KiB, not armored."""
    assert len(content) <= 65536
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    label = b"age-encryption.org/v1/scrypt" + salt
    key = hashlib.scrypt(passphrase, salt=label, n=2**_LOG_WORK, r=8, p=1, dklen=32)
    wrapped = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
    stanza = f"-> scrypt {_text(salt)} {_LOG_WORK}\n{_text(wrapped)}\n"
    head = f"age-encryption.org/v1\n{stanza}---".encode()
    mac = hmac.digest(_derive(file_key, b"", b"header"), head, "sha256")
    last_chunk = bytes(11) + b"\x01"
    payload = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
    return b"%s %s\n%s" % (
        head,
        _text(mac).encode(),
        nonce + payload.encrypt(last_chunk, content, None),
    )


def _derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode().rstrip("=")
