"""The entries of a shared list that no keyset has, where a merge renders it again. Pure."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import FailedError
from plana_secrets.merging.rendered import _foreign
from plana_secrets.rotation.keyset import found_keyset
from plana_secrets.secret import Secret
from tests.rotation.examples import ACCEPTED, API, CALLER, counting_material

PLACE = parse_reference(ACCEPTED)
OURS = found_keyset(API.name, API.kind, counting_material()())


def text(*others: str, keyset: bool = True) -> Secret:
    assert OURS.active.value is not None
    entries = [{"id": one, "value": f"{one}-0123456789abcdef"} for one in others]
    own = [{"id": OURS.active.kid, "value": OURS.active.value.reveal_text()}]
    return Secret.from_text(json.dumps([*entries, *(own if keyset else [])]))


def left(base: Secret | None, ours: Secret | None, theirs: Secret | None) -> list[str] | None:
    found = _foreign(PLACE, [API], [OURS], [base, ours, theirs])
    return None if found is None else [one["id"] for one in json.loads(found.reveal())]


def test_what_one_side_changed_counts_and_no_key_of_a_keyset_does() -> None:
    assert left(text("a"), text("a"), text("a")) == ["a"]
    assert left(text("a"), text("a", "b"), text("a")) == ["a", "b"]
    assert left(text("a"), text("a"), text("b", keyset=False)) == ["b"]
    assert left(text("a"), text("b"), text("b")) == ["b"]
    assert left(None, text("a"), None) == ["a"]


def test_what_both_sides_changed_and_what_is_no_list_is_not_merged() -> None:
    for base, ours, theirs in (
        (text("a"), text("a", "b"), text("a", "c")),
        (text("a"), Secret(b"no list"), text("a")),
    ):
        with pytest.raises(FailedError) as caught:
            left(base, ours, theirs)
        assert caught.value.kind == "target-unreadable"
        assert "0123456789abcdef" not in str(caught.value)


def test_a_place_that_is_no_shared_list_has_none() -> None:
    caller = replace(PLACE, path=parse_reference(CALLER).path, file=parse_reference(CALLER).file)
    assert _foreign(caller, [API], [OURS], [text("a"), text("a"), text("b")]) is None
