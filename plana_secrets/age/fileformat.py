"""The age file format, apart from how a file key is wrapped: header, MAC, payload, armor.

The age library here knows no post-quantum recipients, so files for them are read and
written by this module together with ``hybrid``. Everything else stays with the library.
Source: c2sp.org/age, "The age file format".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import MalformedError

FILE_KEY_SIZE: Final = 16
_INTRO: Final = b"age-encryption.org/v1\n"
_COLUMNS: Final = 64
_STANZA: Final = re.compile(
    rb"-> (?P<arguments>[!-~]+(?: [!-~]+)*)\n"
    rb"(?P<body>(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)"
)
_FOOTER: Final = re.compile(rb"--- (?P<mac>[A-Za-z0-9+/]{43})\n")
_ARMOR: Final = re.compile(
    rb"\s{0,1024}-----BEGIN AGE ENCRYPTED FILE-----\r?\n"
    rb"(?P<body>(?:[A-Za-z0-9+/]{64}\r?\n)*(?:[A-Za-z0-9+/=]{1,64}\r?\n)?)"
    rb"-----END AGE ENCRYPTED FILE-----\s{0,1024}"
)
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_NONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Stanza:
    """One way to the file key: its kind, what the recipient needs, and the wrapped key."""

    kind: str
    arguments: tuple[str, ...]
    body: bytes


Unwrap = Callable[[Sequence[Stanza]], bytes | None]
"""The file key (16 bytes), or None where no stanza is for us.

It may raise MalformedError for a stanza of its kind that no program makes.
"""


def open_age_file(encrypted: bytes, unwrap: Unwrap) -> bytes | None:
    """The content of an age file, armored or not; None where ``unwrap`` finds no key.

    Raises:
        MalformedError: it is no age file, or damaged (kind ``bad-age-file``).
    """
    content = dearmored(encrypted)
    stanzas, end = _read_stanzas(content)
    footer = _FOOTER.match(content, end)
    if footer is None or len(content) < footer.end() + _NONCE:
        raise damaged()
    mac = decode_text(footer["mac"])
    file_key = unwrap(stanzas)
    if file_key is None:
        return None
    if not hmac.compare_digest(mac, _mac(file_key, content[: end + 3])):
        raise damaged()
    payload = content[footer.end() :]
    return b"".join(_open_chunks(file_key, payload[:_NONCE], payload[_NONCE:]))


def seal_age_file(content: bytes, wrap: Callable[[bytes], Sequence[Stanza]]) -> bytes:
    """An age file (not armored) of ``content``; ``wrap`` makes the stanzas of a file key."""
    file_key, nonce = os.urandom(FILE_KEY_SIZE), os.urandom(_NONCE)
    head = _INTRO + b"".join(map(_stanza_text, wrap(file_key))) + b"---"
    mac = encode_text(_mac(file_key, head))
    return b"".join([head, b" ", mac, b"\n", nonce, *_seal_chunks(file_key, nonce, content)])


def armor(encrypted: bytes) -> bytes:
    """An age file as text, as ``age --armor`` writes it."""
    text = base64.b64encode(encrypted)
    lines = [text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS)]
    begin, end = b"-----BEGIN AGE ENCRYPTED FILE-----", b"-----END AGE ENCRYPTED FILE-----"
    return b"\n".join([begin, *lines, end, b""])


def dearmored(encrypted: bytes) -> bytes:
    """The file behind the armor; a file without one is returned as it is.

    Raises:
        MalformedError: the armor is damaged (kind ``bad-age-file``).
    """
    if encrypted.startswith(_INTRO):
        return encrypted
    found = _ARMOR.fullmatch(encrypted)
    if found is None:
        raise damaged()
    text = found["body"].replace(b"\r", b"").replace(b"\n", b"")
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise damaged() from None
    if base64.b64encode(content) != text:
        raise damaged()
    return content


def has_stanza(encrypted: bytes, kind: str) -> bool:
    """Whether a stanza of this kind is in the file; False for what is no age file."""
    try:
        stanzas, _ = _read_stanzas(dearmored(encrypted))
    except MalformedError:
        return False
    return any(stanza.kind == kind for stanza in stanzas)


def decode_text(text: bytes) -> bytes:
    """The bytes of base64 without padding, as the header of an age file spells them.

    Raises:
        MalformedError: it is not the one spelling of its bytes.
    """
    try:
        content = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise damaged() from None
    if encode_text(content) != text:
        raise damaged()
    return content


def encode_text(content: bytes) -> bytes:
    return base64.b64encode(content).rstrip(b"=")


def damaged() -> MalformedError:
    return MalformedError("not an age file, or the file is damaged", kind="bad-age-file")


def _read_stanzas(content: bytes) -> tuple[list[Stanza], int]:
    """The stanzas, and where the last line of the header begins."""
    if not content.startswith(_INTRO):
        raise damaged()
    stanzas = []
    place = len(_INTRO)
    while found := _STANZA.match(content, place):
        kind, *arguments = found["arguments"].decode("ascii").split(" ")
        body = decode_text(found["body"].replace(b"\n", b""))
        stanzas.append(Stanza(kind, tuple(arguments), body))
        place = found.end()
    return stanzas, place


def _stanza_text(stanza: Stanza) -> bytes:
    """The body ends with a line that is not full, so that it may be empty."""
    text = encode_text(stanza.body)
    lines = [text[start : start + _COLUMNS] for start in range(0, len(text) + 1, _COLUMNS)]
    return b"\n".join([" ".join(("->", stanza.kind, *stanza.arguments)).encode(), *lines, b""])


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_derived(file_key, b"", b"header"), head, "sha256")


def _derived(file_key: bytes, salt: bytes, use: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt, use).derive(file_key)


def _open_chunks(file_key: bytes, nonce: bytes, payload: bytes) -> Iterator[bytes]:
    """A short or full last chunk; an empty one only where the whole content is empty."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    size = _CHUNK + _TAG
    number = max(1, -(-len(payload) // size))
    for place in range(number):
        chunk = payload[place * size : (place + 1) * size]
        is_last = place == number - 1
        if len(chunk) < _TAG or (place and len(chunk) == _TAG):
            raise damaged()
        try:
            yield cipher.decrypt(_counter(place, is_last=is_last), chunk, None)
        except InvalidTag:
            raise damaged() from None


def _seal_chunks(file_key: bytes, nonce: bytes, content: bytes) -> Iterator[bytes]:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    number = max(1, -(-len(content) // _CHUNK))
    for place in range(number):
        chunk = content[place * _CHUNK : (place + 1) * _CHUNK]
        yield cipher.encrypt(_counter(place, is_last=place == number - 1), chunk, None)


def _counter(place: int, *, is_last: bool) -> bytes:
    return place.to_bytes(11, "big") + bytes([is_last])


ADVICE: Final = {
    "bad-age-file": "pass a file created by `age` or `plana-secrets identity export`",
}
