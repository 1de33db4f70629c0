"""What a ``[keysets."NAME"]`` table of the configuration says; each default is here, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from plana_secrets.document.references import SecretReference

ListFormat = Literal["json", "csv", "slots"]
Reload = Literal["file", "restart", "manual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyPolicy:
    """A keyset of X-API-Key values. ``accepted``, ``callers``: where they are read.

    ``rollout``: the longest time from landing to the last pod that uses it (D);
    ``drain``: the longest life of a process that read a value at its start (J);
    ``grace``: how long a disabled value is kept, so that ``reinstate`` can bring it back.
    """

    name: str
    accepted: tuple[SecretReference, ...]
    callers: tuple[SecretReference, ...] = ()
    external_callers: tuple[str, ...] = ()
    format: ListFormat = "json"
    reload: Reload = "file"
    rollout: timedelta = timedelta(minutes=30)
    drain: timedelta = timedelta(hours=1)
    max_age: timedelta = timedelta(days=90)
    grace: timedelta = timedelta(days=7)
    kind: Literal["api-key"] = "api-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtPolicy:
    """A keyset of HS256 signing secrets. ``targets`` get the JSON keyset, ``raw_targets`` the text.

    ``max_token_lifetime`` is L, ``skew`` S, ``cache`` C of the guards.
    """

    name: str
    targets: tuple[SecretReference, ...]
    raw_targets: tuple[SecretReference, ...] = ()
    reload: Reload = "file"
    rollout: timedelta = timedelta(minutes=30)
    max_token_lifetime: timedelta = timedelta(minutes=15)
    skew: timedelta = timedelta(seconds=60)
    cache: timedelta = timedelta(0)
    grace: timedelta = timedelta(days=7)
    max_age: timedelta = timedelta(days=90)
    kind: Literal["jwt-hs256"] = "jwt-hs256"


KeysetPolicy = ApiKeyPolicy | JwtPolicy
