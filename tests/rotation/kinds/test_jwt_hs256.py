"""Signing secrets: their bytes, the order of the keys, and tokens without a kid. Pure."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.rotation.instants import format_instant
from plana_secrets.rotation.keyset import LEGACY_KID, Key, Keyset, Status
from plana_secrets.rotation.kinds.jwt_hs256.texts import (
    is_value,
    key_bytes,
    render_keyset,
    render_raw,
)
from plana_secrets.rotation.material import encode_base64url
from plana_secrets.secret import Secret
from tests.rotation.examples import JWT, START, places

RETIRE = timedelta(minutes=46)
RAW = replace(JWT, raw_targets=places("infra/secrets/prod/old.yaml#jwt"))


def keyset(*keys: tuple[str, Status]) -> Keyset:
    made = tuple(
        Key(kid, status, START, Secret.from_text(encode_base64url(kid.encode() * 8)))
        for kid, status in keys
    )
    return Keyset("app", "jwt-hs256", 4, "r0123456789abcdef", made, ())


@pytest.mark.parametrize(
    ("text", "content"),
    [(b"aGk", b"hi"), (b"__8", b"\xff\xff"), (b"aGkx", b"hi1"), (b"aA", b"h")],
)
def test_the_bytes_that_sign(text: bytes, content: bytes) -> None:
    assert key_bytes(Secret(text)) == content
    assert is_value(Secret(text))


@pytest.mark.parametrize("text", [b"", b"aGk=", b"//8", b"aGl", b"a", b"aG k", b"\xff", b"aGk\n"])
def test_what_is_not_canonical_is_no_secret(text: bytes) -> None:
    with pytest.raises(ValueError):
        key_bytes(Secret(text))
    assert not is_value(Secret(text))


def test_the_active_key_is_first_and_only_keys_in_use_are_there() -> None:
    every = keyset(
        ("k1", Status.RETIRING), ("k2", Status.DISABLED), ("k3", Status.STANDBY), ("k4", Status.ACTIVE)
    )  # fmt: skip
    content = json.loads(render_keyset(every, RETIRE).reveal_text())
    assert [one["kid"] for one in content["keys"]] == ["k4", "k1", "k3"]
    assert (content["version"], content["active"], content["legacy"]) == (4, "k4", None)
    assert render_raw(every).reveal() == b"k4" * 8


@pytest.mark.parametrize(
    ("status", "until"),
    [
        (Status.ACTIVE, None),
        (Status.STANDBY, "known"),
        (Status.RETIRING, "known"),
    ],
)
def test_tokens_without_a_kid_are_good_until_the_last_has_expired(
    status: Status, until: str | None
) -> None:
    others = () if status is Status.ACTIVE else (("k2", Status.ACTIVE),)
    content = json.loads(render_keyset(keyset((LEGACY_KID, status), *others), RETIRE).reveal_text())
    end = format_instant(START + RETIRE)
    assert content["legacy"] == {"kid": LEGACY_KID, "until": until and end}


def test_a_retired_legacy_key_is_nobodys() -> None:
    every = keyset((LEGACY_KID, Status.DISABLED), ("k2", Status.ACTIVE))
    content = json.loads(render_keyset(every, RETIRE).reveal_text())
    assert content["legacy"] is None


def test_what_is_adopted_signs_with_the_same_bytes() -> None:
    material = JWT.adopt(Secret(b"\xff raw"))
    assert material.kid == LEGACY_KID
    assert key_bytes(material.value) == b"\xff raw"
    for policy, content in ((JWT, b""), (RAW, b""), (RAW, b"\xff")):
        with pytest.raises(FailedError) as caught:
            policy.adopt(Secret(content))
        assert caught.value.kind == "bad-adopted-value"


def test_a_new_secret_is_text_where_a_service_reads_text() -> None:
    assert len(key_bytes(JWT.generate().value)) == 32
    raw = key_bytes(RAW.generate().value).decode("ascii")
    assert len(base64.urlsafe_b64decode(raw + "=")) == 32
