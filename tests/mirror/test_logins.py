"""Which leaves are the parts of a login, and the record that remembers the type of item."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import PlainLeaf
from plana_secrets.mirror.logins import find_places
from plana_secrets.mirror.record import decode_record, encode_record, pack_record, unpack_record
from plana_secrets.sops.model import LeafType
from tests.mirror.steps import make_item

KIND = (PlainLeaf("kind", "Secret", LeafType.STR),)


@pytest.mark.parametrize(
    ("paths", "plain", "found"),
    [
        (["username", "x.password", "url"], (), {"username": "username", "url": "url"}),
        (["data.username", "Password", "username2"], (), {}),
        (["username", "data.totp"], KIND, {"totp": "data.totp"}),
        (["data.password", "stringData.password"], KIND, {"password": "stringData.password"}),
    ],
)
def test_the_parts_are_at_the_top_or_entries_of_a_secret(
    paths: list[str], plain: tuple[PlainLeaf, ...], found: dict[str, str]
) -> None:
    assert find_places(tuple((path, LeafType.STR, "text") for path in paths), plain) == found


def test_what_is_not_shown_is_no_part() -> None:
    shape = [("username", "plain"), ("password", "empty-map"), ("totp", "unsupported")]
    assert find_places(tuple((path, LeafType.STR, how) for path, how in shape), ()) == {}


def test_a_record_says_of_which_type_the_item_is() -> None:
    note = make_item("a", {"x": "1"}).record
    login = replace(note, form="login")
    assert decode_record(encode_record(login)) == login
    assert "form" not in unpack_record(encode_record(note))
    for form in ("card", None, 1):
        changed = unpack_record(encode_record(login)) | {"form": form}
        with pytest.raises(MalformedError):
            decode_record(pack_record(changed))
