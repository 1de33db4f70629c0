"""Tokens and keys that no service issues, and whether a service may accept them."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import jwt

from tests.consumers.kubelet import Files
from tests.consumers.rotations import RAW_SECRET, SKEW


@dataclass
class Known:
    """Every key that was ever mounted: an attacker with all retired ones, as it were."""

    access: dict[str, bytes] = field(default_factory=dict)
    api: dict[str, str] = field(default_factory=dict)

    def learn(self, files: Files) -> None:
        self.access |= keys_of(files)
        self.api |= {one["id"]: one["value"] for one in json.loads(files["api-keys.json"])}


def keys_of(files: Files) -> dict[str, bytes]:
    keys = json.loads(files["jwt-access.json"])["keys"]
    return {one["kid"]: base64.urlsafe_b64decode(one["k"] + "==") for one in keys}


@dataclass(frozen=True)
class Sent:
    """``until``: a later answer proves nothing."""

    path: str
    headers: dict[str, str]
    until: float = math.inf


def bearer(
    key: bytes, kid: object, *, issued: float = 0, lifetime: float = 3600, until: float = math.inf
) -> Sent:
    """An access token; ``issued`` in seconds from now. A kid of None is left out."""
    start = math.ceil(time.time() + issued)
    claims = {"sub": "probe", "use": "access", "iat": start, "exp": start + math.ceil(lifetime)}
    headers = {} if kid is None else {"kid": kid}
    token = jwt.api_jws.encode(json.dumps(claims).encode(), key, "HS256", headers=headers)
    return Sent("/me", {"Authorization": f"Bearer {token}"}, until)


def _active(files: Files) -> tuple[str, bytes]:
    kid = json.loads(files["jwt-access.json"])["active"]
    return kid, keys_of(files)[kid]


def _unknown_kid(_known: Known, files: Files) -> Sent:
    return bearer(_active(files)[1], "k00000000")


def _name_of_an_object(_known: Known, files: Files) -> Sent:
    return bearer(_active(files)[1], "constructor")


def _retired(known: Known, files: Files) -> Sent | None:
    gone = [kid for kid in known.access if kid not in keys_of(files)]
    return bearer(known.access[gone[-1]], gone[-1]) if gone else None


_held: dict[str, Sent] = {}


def _held_token(known: Known, files: Files) -> Sent | None:
    """One and the same token of a key, before it is retired and afterwards."""
    for kid, key in known.access.items():
        _held.setdefault(kid, bearer(key, kid, issued=-1))
    gone = [kid for kid in known.access if kid not in keys_of(files)]
    return _held[gone[-1]] if gone else None


def _held_before(known: Known, files: Files) -> Sent | None:
    _held_token(known, files)
    return _held[list(keys_of(files))[-1]]


def _kidless(_known: Known, files: Files) -> Sent | None:
    """Until ``legacy.until`` services that have not moved over sign so."""
    legacy = json.loads(files["jwt-access.json"])["legacy"]
    until = _until(legacy)
    return bearer(RAW_SECRET.encode(), None, until=until) if time.time() < until else None


def _kidless_late(_known: Known, files: Files) -> Sent | None:
    legacy = json.loads(files["jwt-access.json"])["legacy"]
    return bearer(RAW_SECRET.encode(), None) if time.time() > _until(legacy) else None


def _until(legacy: dict[str, str | None] | None) -> float:
    if legacy is None:
        return 0
    until = legacy["until"]
    return datetime.fromisoformat(until).timestamp() if until else math.inf


def _clock_ahead(_known: Known, files: Files) -> Sent:
    kid, key = _active(files)
    return bearer(key, kid, issued=SKEW / 4)


def _just_expired(_known: Known, files: Files) -> Sent:
    kid, key = _active(files)
    until = time.time() + SKEW / 4
    return bearer(key, kid, issued=-3 * SKEW, lifetime=2.5 * SKEW, until=until)


def _expired(_known: Known, files: Files) -> Sent:
    kid, key = _active(files)
    return bearer(key, kid, issued=-9 * SKEW, lifetime=6 * SKEW)


def _retired_api_key(known: Known, files: Files) -> Sent | None:
    accepted = {one["id"] for one in json.loads(files["api-keys.json"])}
    gone = [value for name, value in known.api.items() if name not in accepted]
    return Sent("/data", {"X_API_Key": gone[-1]}) if gone else None


def _no_api_key(_known: Known, _files: Files) -> Sent:
    return Sent("/data", {})


Probe = tuple[str, bool, Callable[[Known, Files], Sent | None]]

PROBES: tuple[Probe, ...] = (
    ("held token", True, _held_before),
    ("unknown kid", False, _unknown_kid),
    ("unknown kid", False, _name_of_an_object),
    ("retired key", False, _retired),
    ("retired key, token seen before", False, _held_token),
    ("kidless", True, _kidless),
    ("kidless after its end", False, _kidless_late),
    ("leeway", True, _clock_ahead),
    ("leeway", True, _just_expired),
    ("expired", False, _expired),
    ("retired API key", False, _retired_api_key),
    ("no API key", False, _no_api_key),
)
