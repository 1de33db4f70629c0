"""The form of an item: the record beside the leaves, and the limits of the clients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plana_secrets.mirror.backend import DesiredItem, Field
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.mirror.form import (
    NAME_LIMIT,
    NOTE_LIMIT,
    TITLE_LIMIT,
    VALUE_LIMIT,
    compose,
    find_unsupported,
    take_apart,
)
from plana_secrets.secret import Secret
from tests.mirror.contract import make_item

FILE = "infra/secrets/prod/a.yaml"
KEY = SymmetricKey.generate()


def test_an_item_is_taken_apart_into_what_it_was_composed_of() -> None:
    item = make_item(FILE, {"user": "anna", "db.password": "ß"})
    taken = take_apart(compose(item))
    assert taken.record == item.record
    assert taken.fields == {field.path: field.shown for field in item.fields}


def test_a_long_record_is_spread_over_fields_that_clients_hold() -> None:
    item = make_item(FILE, {f"a.rather.long.path.{number}": str(number) for number in range(200)})
    pairs = compose(item)
    assert len(pairs) > 202
    assert all(len(value.reveal()) <= VALUE_LIMIT for _, value in pairs)
    assert take_apart(pairs).record == item.record
    assert take_apart(reversed(pairs)).record == item.record


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_a_record_with_a_part_missing_is_a_broken_record(lost: int) -> None:
    item = make_item(FILE, {f"a.rather.long.path.{number}": str(number) for number in range(200)})
    record = [pair for pair in compose(item) if pair[0].startswith("plana-secrets record")]
    del record[lost]
    taken = take_apart(record)
    assert (taken.record, taken.carries_record) == (None, True)


def test_an_item_without_a_record_is_not_ours() -> None:
    assert not take_apart([("pin", Secret(b"1"))]).carries_record


def test_a_name_that_comes_twice_is_kept_twice() -> None:
    pairs = [("a", Secret(b"1")), ("a", Secret(b"2")), ("a", Secret(b"3"))]
    assert list(take_apart(pairs).fields) == ["a", "a (2)", "a (3)"]


def with_field(path: str, content: bytes) -> DesiredItem:
    return replace(make_item(FILE, {}), fields=(Field(path, Secret(content)),))


@pytest.mark.parametrize(
    ("path", "content", "is_held"),
    [
        pytest.param("a", b"x" * VALUE_LIMIT, True, id="the longest value"),
        pytest.param("a", b"x" * (VALUE_LIMIT + 1), False, id="a longer value"),
        pytest.param("a" * NAME_LIMIT, b"x", True, id="the longest path"),
        pytest.param("a" * (NAME_LIMIT + 1), b"x", False, id="a longer path"),
        pytest.param("a", b"\xff", False, id="not text"),
        pytest.param("a", b"", True, id="an empty value"),
    ],
)
def test_what_clients_cannot_hold_is_said_before(path: str, content: bytes, is_held: bool) -> None:
    found = find_unsupported(with_field(path, content))
    assert [one.path for one in found] == ([] if is_held else [path])


def test_title_and_note_have_limits_too() -> None:
    item = make_item(FILE, {"a": "x"})
    assert find_unsupported(replace(item, title="x" * TITLE_LIMIT, note="x" * NOTE_LIMIT)) == ()
    long = replace(item, title="x" * (TITLE_LIMIT + 1), note="x" * (NOTE_LIMIT + 1))
    assert [one.path for one in find_unsupported(long)] == [None, None]


@pytest.mark.parametrize(
    ("limit", "characters"),
    [(TITLE_LIMIT, 1_000), (NAME_LIMIT, 1_000), (VALUE_LIMIT, 5_000), (NOTE_LIMIT, 10_000)],
)
def test_the_limits_are_those_of_the_encrypted_texts(limit: int, characters: int) -> None:
    assert len(KEY.seal(b"x" * limit)) <= characters < len(KEY.seal(b"x" * (limit + 1)))
