"""Keysets and policies for tests, and a counter in the place of the random generator."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from plana_secrets.document.references import SecretReference, parse_reference
from plana_secrets.rotation.inforce import conditions_of, record_terms
from plana_secrets.rotation.initialise import Source
from plana_secrets.rotation.keyset import Key, Keyset, Material, Move, make_move
from plana_secrets.rotation.kinds.api_key.policy import ApiKeyPolicy
from plana_secrets.rotation.kinds.jwt_hs256.policy import JwtPolicy
from plana_secrets.rotation.landing import Delivery
from plana_secrets.rotation.material import encode_base64url, make_fingerprint
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.secret import Secret

START = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COMMIT, PUSH = Delivery(commit=True), Delivery(push=True)
FRESH = Source(fresh=True)

ACCEPTED = "infra/secrets/prod/pulse-data.secret.yaml#stringData.API_KEYS_ACCEPTED"
CALLER = "infra/secrets/prod/pulse-portal.secret.yaml#stringData.API_KEY_PULSE_DATA"
KEYSET_JSON = 'infra/secrets/prod/pulse-account.secret.yaml#stringData["jwt-access.json"]'


def places(*texts: str) -> tuple[SecretReference, ...]:
    return tuple(map(parse_reference, texts))


API = ApiKeyPolicy(
    name="pulse-data/portal",
    accepted=places(ACCEPTED),
    callers=places(CALLER),
)
JWT = JwtPolicy(name="pulse-account/jwt-access", targets=places(KEYSET_JSON))


def counting_material() -> Callable[[], Material]:
    """Material that is new at every call and the same in every run of a test."""
    numbers = itertools.count(1)

    def make() -> Material:
        number = next(numbers)
        value = Secret.from_text(encode_base64url(number.to_bytes(32, "big")))
        return Material(f"k{number:012x}", value, f"r{number:016x}")

    return make


def never_material() -> Material:
    raise AssertionError("a value was generated where none may be")


def after(
    keyset: Keyset,
    move: Move,
    policy: KeysetPolicy,
    now: datetime,
    make: Callable[[], Material] = never_material,
) -> Keyset:
    """The keyset after a move, with the terms that are recorded with it."""
    made = make_move(
        keyset,
        move,
        conditions_of(keyset, policy),
        now,
        make_material=make,
        make_fingerprint=make_fingerprint,
    )
    return record_terms(keyset, made, policy)


def statuses(keyset: Keyset) -> list[str]:
    return [str(key.status) for key in keyset.keys]


def key_of(keyset: Keyset, kid: str) -> Key:
    return next(key for key in keyset.keys if key.kid == kid)
