"""A Secret has one way out."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import pytest

from plana_secrets.secret import Secret

VALUE = b"SENTINEL-4711"


def test_no_text_of_it_holds_the_value():
    secret = Secret(VALUE)
    texts = [repr(secret), str(secret), f"{secret!r}", repr([secret]), repr({"a": secret})]
    assert not any("SENTINEL" in text for text in texts)


@dataclasses.dataclass
class Owner:
    secret: Secret


def test_taking_its_owner_apart_does_not_take_it_apart():
    assert "SENTINEL" not in repr(dataclasses.asdict(Owner(Secret(VALUE))))


@pytest.mark.parametrize(
    "leak",
    [
        pickle.dumps,
        json.dumps,
        lambda secret: f"{secret}",
        bool,
        hash,
        vars,
    ],
)
def test_what_would_leak_it_fails(leak):
    with pytest.raises(TypeError):
        leak(Secret(VALUE))


def test_copies_are_the_same_object():
    secret = Secret(VALUE)
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret


def test_equality_is_by_content_and_only_among_secrets():
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(b"other")
    assert Secret(VALUE) != VALUE


def test_bytes_that_are_no_text_are_not_repeated():
    with pytest.raises(ValueError, match="not UTF-8") as caught:
        Secret(b"SENTINEL\xff").reveal_text()
    assert "SENTINEL" not in repr(caught.value)
    assert caught.value.__cause__ is None
