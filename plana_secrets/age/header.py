"""What an age file says about itself, read without a key.

The name of a recipient beside an age file proves nothing about who can open it; the
stanzas in the file's header do say how many readers there are, and of which kind.
"""

from __future__ import annotations

import base64
import binascii

from plana_secrets.errors import MalformedError

_VERSION = b"age-encryption.org/v1"
_BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----"
_END = "-----END AGE ENCRYPTED FILE-----"


def stanza_kinds(armored: str) -> tuple[str, ...]:
    """The kind of each stanza of an armored age file, in order: ``X25519``, ``ssh-ed25519``...

    Raises:
        MalformedError: it is not an age file (kind ``bad-age-file``).
    """
    lines = _decode_armor(armored).split(b"\n")
    if lines[0] != _VERSION:
        raise _malformed()
    kinds: list[str] = []
    for line in lines[1:]:
        if line.startswith(b"--- "):
            return tuple(kinds)
        if line.startswith(b"-> "):
            kinds.append(line.split(b" ")[1].decode("ascii", "replace"))
    raise _malformed()


def _decode_armor(armored: str) -> bytes:
    lines = armored.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise _malformed()
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed() from None


def _malformed() -> MalformedError:
    return MalformedError("not an age file, or a damaged one", kind="bad-age-file")
