"""The one way in which sops writes an encrypted value: ``ENC[AES256_GCM,...]``.

sops itself reads more than it writes: text after the token, other alphabets of padding,
bytes moved between the parts. Here a token is what sops writes, to the last character.
"""

from __future__ import annotations

import binascii
from typing import Final

from plana_secrets.sops.model import Token

START: Final = "ENC[AES256_GCM,data:"
LOOKS_ENCRYPTED: Final = "ENC["
TYPES: Final = frozenset({"str", "int", "float", "bool", "time", "comment"})
"""``bytes`` is missing on purpose: sops never writes it and crashes on reading it."""

_IV_LENGTH: Final = 44
_TAG_LENGTH: Final = 24


def parse_token(text: str) -> Token | None:
    """The token that ``text`` is from its first to its last character, or None."""
    end = text.rfind(",type:")
    iv_start = end - len(",tag:") - _TAG_LENGTH - _IV_LENGTH
    data_end = iv_start - len(",iv:")
    kind = text[end + 6 : -1]
    if (
        data_end <= len(START)
        or kind not in TYPES
        or text[-1] != "]"
        or not text.startswith(START)
        or text[data_end:iv_start] != ",iv:"
        or text[end - _TAG_LENGTH - 5 : end - _TAG_LENGTH] != ",tag:"
    ):
        return None
    data = decode_base64(text[len(START) : data_end])
    iv = decode_base64(text[iv_start : iv_start + _IV_LENGTH])
    tag = decode_base64(text[end - _TAG_LENGTH : end])
    if not data or iv is None or tag is None or len(iv) != 32 or len(tag) != 16:
        return None
    return Token(data, iv, tag, kind)


def decode_base64(text: str) -> bytes | None:
    """Standard base64 with padding; None unless encoding the bytes again gives ``text``."""
    # What strict mode lets pass: a pad too many, and bits set behind the last byte.
    if len(text) % 4:
        return None
    try:
        content = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    if text.endswith("==") and text[-3] not in "AQgw":
        return None
    if text.endswith("=") and text[-2] not in "=AEIMQUYcgkosw048":
        return None
    return content
