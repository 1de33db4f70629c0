"""Whether an entry of ``sops.age`` is one age file of one data key for one reader.

The label of an entry is not bound to its age file, and an age file may name more than
one reader, or carry bytes that no reader needs. So the whole shape is fixed here: one
stanza, of the kind that the label's kind of recipient makes, and one 32-byte payload.

Source: the age file format, https://age-encryption.org/v1.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from plana_secrets.age.recipients import parse_recipient
from plana_secrets.errors import UsageError
from plana_secrets.sops.reading.tokens import decode_base64

_PAYLOAD: Final = 16 + 32 + 16
"""The nonce, the data key, the tag: what follows the header of an age file."""

_B64: Final = "[A-Za-z0-9+/]"
_ARMOR: Final = re.compile(
    r"-----BEGIN AGE ENCRYPTED FILE-----\n"
    r"((?:[A-Za-z0-9+/=]{64}\n)*[A-Za-z0-9+/=]{1,64}\n)"
    r"-----END AGE ENCRYPTED FILE-----\n?"
)


def _header(kind: str, arguments: str, body: str) -> re.Pattern[bytes]:
    text = rf"age-encryption\.org/v1\n-> {kind}{arguments}\n{body}--- {_B64}{{43}}\n"
    return re.compile(text.encode())


_SHORT_BODY: Final = rf"{_B64}{{43}}\n"
_LONG_BODY: Final = rf"(?:{_B64}{{64}}\n)*{_B64}{{0,63}}\n"
_KINDS: Final = {
    "x25519": (_header("X25519", rf" {_B64}{{43}}", _SHORT_BODY),),
    "ssh": (
        _header("ssh-ed25519", rf" {_B64}{{6}} {_B64}{{43}}", _SHORT_BODY),
        _header("ssh-rsa", rf" {_B64}{{6}}", _LONG_BODY),
    ),
    "post-quantum": (_header("mlkem768x25519", rf" {_B64}{{1494}}", _SHORT_BODY),),
    "tag": (
        _header("p256tag", rf" {_B64}{{6}} {_B64}{{87}}", _SHORT_BODY),
        _header("mlkem768p256tag", rf" {_B64}{{6}} {_B64}+", _SHORT_BODY),
    ),
    "plugin": (_header(r"(?!X25519|ssh-|scrypt|mlkem)[!-~]+", r"(?: [!-~]+)*", _LONG_BODY),),
}


def stanza_problem(recipient: str, armored: str) -> str | None:
    """What is wrong with one entry, without its content; None when it is as it must be."""
    kind = recipient_kind(recipient)
    if kind is None:
        return "the label is not an age recipient"
    armor = _ARMOR.fullmatch(armored)
    content = decode_base64(armor[1].replace("\n", "")) if armor else None
    if content is None:
        return "not an armored age file"
    for header in _KINDS[kind]:
        match = header.match(content)
        if match and len(content) - match.end() == _PAYLOAD:
            return None
    return f"not the age file of one data key for one {kind} recipient"


@lru_cache(maxsize=1024)
def recipient_kind(recipient: str) -> str | None:
    """The kind of a label, or None; remembered, since every file names the same ones.

    sops writes a label on one line and trimmed: a second line is no comment of an ssh key.
    """
    if recipient != recipient.strip() or "\n" in recipient:
        return None
    try:
        return parse_recipient(recipient).kind
    except UsageError:
        return None
