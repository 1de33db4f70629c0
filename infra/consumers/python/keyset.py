"""JWTs by a keyset file of plana-secrets, and X-API-Key values, for FastAPI and PyJWT.

Copy this file. Mount the Secret as a folder, without subPath. docs/consume.md has the reasons.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import jwt
from fastapi import HTTPException, Request

log = logging.getLogger("keyset")
T = TypeVar("T")


class MountedFile(Generic[T]):
    """A file of a mounted Secret. It is read at every use, and parsed after a change."""

    def __init__(self, path: Path, parse: Callable[[bytes], T]) -> None:
        self._path, self._parse = path, parse
        content = path.read_bytes()  # no keys, no start
        self._current = (content, parse(content))

    def read(self) -> T:
        try:
            content = self._path.read_bytes()
            if content != self._current[0]:
                self._current = (content, self._parse(content))
        except Exception as error:
            # not the message of the error: it may quote a key
            log.error("%s: %s; the last keys stay", self._path, type(error).__name__)
        return self._current[1]


@dataclass(frozen=True)
class Keyset:
    version: int
    active: jwt.PyJWK
    keys: dict[str | None, jwt.PyJWK]
    legacy: jwt.PyJWK | None
    legacy_until: float

    @classmethod
    def parse(cls, content: bytes) -> Keyset:
        data = json.loads(content)
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(data)}
        legacy = data["legacy"] or {"kid": None, "until": None}
        until = legacy["until"]
        return cls(
            version=data["version"],
            active=keys[data["active"]],
            keys=keys,
            legacy=keys.get(legacy["kid"]),
            legacy_until=datetime.fromisoformat(until).timestamp() if until else math.inf,
        )

    def find(self, kid: str | None) -> jwt.PyJWK | None:
        """The key with exactly this kid. Tokens without a kid are from before the keyset."""
        if kid is not None:
            return self.keys.get(kid)
        return self.legacy if time.time() < self.legacy_until else None


class Tokens:
    """Tokens of one use, `access` or `refresh`: each use has a keyset of its own.

    `lifetime` and `skew` are in seconds, and not longer than `max_token_lifetime` and `skew`
    of the keyset. Use it as a dependency: `claims: Annotated[dict, Depends(access)]`.
    """

    def __init__(self, file: Path, *, use: str, lifetime: int, skew: int, cookie: str) -> None:
        self._keyset = MountedFile(file, Keyset.parse)
        self.use, self.lifetime, self.skew, self.cookie = use, lifetime, skew, cookie

    @property
    def version(self) -> int:
        return self._keyset.read().version

    def sign(self, subject: str) -> str:
        active = self._keyset.read().active
        now = int(time.time())
        claims = {"sub": subject, "use": self.use, "iat": now, "exp": now + self.lifetime}
        return jwt.encode(claims, active, headers={"kid": active.key_id})

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token that is valid now.

        Raises:
            jwt.InvalidTokenError: it is not.
        """
        kid = jwt.get_unverified_header(token).get("kid")
        key = self._keyset.read().find(kid)
        if key is None:
            raise jwt.InvalidTokenError("no such kid")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            leeway=self.skew,
            options={"require": ["exp", "iat", "sub"]},
        )
        if claims.get("use", self.use if kid is None else None) != self.use:
            raise jwt.InvalidTokenError("a token of another use")
        return claims

    def __call__(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.cookies.get(self.cookie, "")
        try:
            return self.verify(token)
        except jwt.InvalidTokenError:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None


class AcceptedKeys:
    """The API keys that this service accepts. As a dependency it gives the id of the key."""

    def __init__(self, file: Path) -> None:
        self._digests = MountedFile(file, self._parse)

    @staticmethod
    def _parse(content: bytes) -> list[tuple[str, bytes]]:
        return [(one["id"], _digest(one["value"])) for one in json.loads(content)]

    def __call__(self, request: Request) -> str:
        sent = _digest(request.headers.get("x-api-key", ""))
        found = None
        for key_id, accepted in self._digests.read():  # all of them, whichever fits
            if hmac.compare_digest(accepted, sent):
                found = key_id
        if found is None:
            raise HTTPException(401)
        return found


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
