"""Generated values: ``--generate hex:32``."""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret

_ALPHANUMERIC: Final = string.ascii_letters + string.digits

_MAKERS: Final[dict[str, Callable[[int], str]]] = {
    "hex": secrets.token_hex,
    "b64": lambda size: base64.b64encode(secrets.token_bytes(size)).decode("ascii"),
    "b64url": secrets.token_urlsafe,
    "alnum": lambda size: "".join(secrets.choice(_ALPHANUMERIC) for _ in range(size)),
}

FORMS: Final = "hex:N, b64:N, b64url:N (N random bytes), alnum:N (N characters), uuid"


def generate_value(form: str) -> Secret:
    """A new random value.

    Raises:
        UsageError: the form is none of ``FORMS`` (kind ``bad-form``).
    """
    if form == "uuid":
        return Secret.from_text(str(uuid.uuid4()))
    name, _, size = form.partition(":")
    if name not in _MAKERS or not size.isascii() or not size.isdecimal():
        # not repeated: it may be a value typed by mistake
        raise UsageError(f"unknown form; use one of {FORMS}", kind="bad-form")
    if len(size) > 4 or not 1 <= int(size) <= 4096:
        raise UsageError(f"{name}:N: N must be from 1 to 4096", kind="bad-form")
    return Secret.from_text(_MAKERS[name](int(size)))


ADVICE: Final = {
    "bad-form": "for example hex:32, b64:48, b64url:32, alnum:24 or uuid",
}
