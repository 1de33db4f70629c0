"""HS256 signing secrets: a JSON keyset that PyJWT's PyJWKSet and @fastify/jwt read.

An adopted secret has the kid ``legacy``: tokens of the services that sign with the raw
secret carry no kid, and the ``legacy`` entry of the JSON says which key is theirs, and
until when. The end is known once another key has become active and that has landed.

Sources: RFC 7517 (the JWK Set), RFC 7518 3.2 (HS256: 32 bytes or more) and 6.4 (``oct``).
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta

from plana_secrets.errors import FailedError
from plana_secrets.rotation.instants import format_instant
from plana_secrets.rotation.keyset import (
    IN_USE,
    LEGACY_KID,
    Keyset,
    Material,
    Status,
)
from plana_secrets.rotation.material import encode_base64url, new_key_bytes, wrap_material
from plana_secrets.secret import Secret


def generate(*, as_text: bool) -> Material:
    """32 random bytes; ``as_text``, for services that read it raw: their base64url."""
    content = new_key_bytes()
    if as_text:
        content = encode_base64url(content).encode("ascii")
    return wrap_material(Secret.from_text(encode_base64url(content)))


def adopt(content: Secret, *, as_text: bool) -> Material:
    """The bytes that services sign with today, under the kid ``legacy``."""
    if content.is_empty:
        raise _bad("it is empty")
    if as_text:
        try:
            content.reveal_text()
        except ValueError:
            raise _bad("a raw target needs text, but it is not UTF-8") from None
    return wrap_material(Secret.from_text(encode_base64url(content.reveal())), kid=LEGACY_KID)


def _bad(why: str) -> FailedError:
    return FailedError(f"the value cannot be a signing secret: {why}", kind="bad-adopted-value")


def is_value(value: Secret) -> bool:
    """Whether it is the base64url of some bytes."""
    try:
        key_bytes(value)
    except ValueError:
        return False
    return True


def key_bytes(value: Secret) -> bytes:
    """The bytes that sign.

    Raises:
        ValueError: the text is not the base64url that a keyset file holds.
    """
    text = value.reveal()
    content = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if not content or encode_base64url(content).encode("ascii") != text:
        raise ValueError("not canonical base64url")
    return content


def render_keyset(keyset: Keyset, retire: timedelta) -> Secret:
    """The JSON file; the active key comes first. ``retire``: the wait before that move."""
    in_use = [key for key in keyset.keys if key.status in IN_USE]
    in_use.sort(key=lambda key: key.status is not Status.ACTIVE)
    content = {
        "version": keyset.version,
        "active": keyset.active.kid,
        "keys": [
            {"kid": key.kid, "kty": "oct", "alg": "HS256", "k": key.value.reveal_text()}
            for key in in_use
            if key.value is not None
        ],
        "legacy": _legacy(keyset, retire),
    }
    return Secret.from_text(json.dumps(content, separators=(",", ":")))


def _legacy(keyset: Keyset, retire: timedelta) -> dict[str, str | None] | None:
    """The key of tokens without kid; the end is when the last of them has expired."""
    key = next((key for key in keyset.keys if key.kid == LEGACY_KID), None)
    if key is None or key.status not in IN_USE:
        return None
    if key.status is Status.ACTIVE or key.since is None:
        return {"kid": key.kid, "until": None}
    return {"kid": key.kid, "until": format_instant(key.since + retire)}


def render_raw(keyset: Keyset) -> Secret:
    """The active secret as the text that a service not yet migrated reads."""
    value = keyset.active.value
    return Secret(b"" if value is None else key_bytes(value))
