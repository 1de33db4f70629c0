"""What commits and tags say, taken apart and looked into."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyrage

from plana_secrets.errors import FailedError
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.ranges.said import Said, _check, said_by

IDENTITY = str(pyrage.x25519.Identity.generate()).encode()
PEM = b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7vmNjRkMtbBXTZtnSLu1nXq0Qyrk0iNJ2ZxGm\n"
JOB: Any = SimpleNamespace(
    policy=Policy(), snapshot=SimpleNamespace(rule_book=SimpleNamespace(known=()))
)


def told(said: Said) -> list[tuple[str, str | None]]:
    found = list(_check(JOB, said))
    assert all(one.message.startswith(f"{said.where} ") for one in found)
    assert all((one.file, one.line) == (None, None) for one in found)
    return [(one.check, one.commit) for one in found]


def test_a_commit_is_its_message_and_its_header() -> None:
    assert list(said_by("it", b"tree x\nauthor y\n\na\n\nb\n", "c1")) == [
        Said("the message of it", b"a\n\nb\n", "c1"),
        Said("the header of it", b"tree x\nauthor y", "c1"),
    ]
    large = FailedError("too large")
    assert list(said_by("it", large, "c1")) == [Said("it", large, "c1")]


def test_a_private_key_in_what_is_said_is_found_and_nothing_else() -> None:
    assert told(Said("the message", b"fix it", "c1")) == []
    assert told(Said("the message", b"see " + IDENTITY, "c1")) == [("private-identity", "c1")]
    assert told(Said("the message", PEM, "c1")) == [("plaintext-key", "c1")]
    assert told(Said("a tag", b"-----BEGIN CERTIFICATE-----")) == []


def test_what_is_too_large_to_be_searched_is_no_ok() -> None:
    assert told(Said("the tag", FailedError("too large"))) == [("too-large", None)]


def test_only_what_may_hold_a_key_matters() -> None:
    assert not Said("x", b"fix it").may_matter
    for content in (IDENTITY, PEM, FailedError("too large")):
        assert Said("x", content).may_matter
