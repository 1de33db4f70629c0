"""The one way in which sops writes an encrypted value: ``ENC[AES256_GCM,...]``.

sops itself reads more than it writes: text after the token, other alphabets of padding,
bytes moved between the parts. Here a token is what sops writes, to the last character.

Source: ``aes/cipher.go`` of sops 3.11.0.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import Final

from plana_secrets.sops.model import Token

START: Final = "ENC[AES256_GCM,data:"
LOOKS_ENCRYPTED: Final = "ENC["

# Padding is part of the grammar: a pad's last character has no bits that would be lost.
_CHARACTER: Final = "[A-Za-z0-9+/]"
_ONE_PAD: Final = "[AEIMQUYcgkosw048]="
_TWO_PADS: Final = "[AQgw]=="
_DATA: Final = f"{_CHARACTER}*(?:{_CHARACTER}|{_ONE_PAD}|{_TWO_PADS})"
_BASE64: Final = re.compile(_DATA).fullmatch
_TOKEN: Final = re.compile(
    rf"ENC\[AES256_GCM,data:({_DATA}),iv:({_CHARACTER}{{42}}{_ONE_PAD})"
    rf",tag:({_CHARACTER}{{21}}{_TWO_PADS}),type:(str|int|float|bool|time|comment)\]"
).fullmatch
"""The type ``bytes`` is missing on purpose: sops never writes it and crashes on reading it."""


def parse_token(text: str) -> Token | None:
    """The token that ``text`` is from its first to its last character, or None."""
    match = _TOKEN(text)
    if match is None:
        return None
    data, iv, tag, kind = match.groups()
    if len(data) % 4:
        return None
    return Token(a2b_base64(data), a2b_base64(iv), a2b_base64(tag), kind)


def decode_base64(text: str) -> bytes | None:
    """Standard base64 with padding; None unless encoding the bytes again gives ``text``."""
    if len(text) % 4 or not _BASE64(text):
        return None
    return a2b_base64(text)
