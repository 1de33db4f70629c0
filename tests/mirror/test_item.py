"""What an item shows, and that what it shows covers every byte of the file."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backend import Field, PlainLeaf
from plana_secrets.mirror.item import build_item, decode_text, encode_text, show
from plana_secrets.mirror.record import decode_record, encode_record, pack_record
from plana_secrets.mirror.wording import note_of, titles_of
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType

ROOTS = ("infra/secrets",)


def test_a_person_finds_a_title_by_name_and_folder() -> None:
    files = ["infra/secrets/prod/pulse-data.secret.yaml", "infra/secrets/mail.yaml", "else/x.yml"]
    assert titles_of(files, ROOTS) == {
        files[0]: "pulse-data (prod)",
        files[1]: "mail",
        files[2]: "x (else)",
    }


def test_files_of_one_title_are_called_by_their_paths() -> None:
    files = ["infra/secrets/prod/a.yaml", "infra/secrets/prod/a.secret.yaml"]
    assert titles_of(files, ROOTS) == {file: file for file in files}


def test_the_note_says_where_to_change_it() -> None:
    assert note_of("infra/secrets/a.yaml", "0123456789abcdef" * 2 + "01234567") == (
        "read-only copy of infra/secrets/a.yaml at 0123456789ab; "
        "change it with plana-secrets edit infra/secrets/a.yaml"
    )


@given(st.binary(max_size=20))
def test_what_is_shown_decoded_gives_back_the_very_same_base64(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    decoded = decode_text(text)
    assert decoded is None or encode_text(decoded) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("aGVsbG8=", "hello"),
        ("w6Q=", "ä"),
        ("YQpiCg==", "a\nb\n"),
        ("aGVsbG8", None),
        ("aGVsbG9=", None),
        ("aGVs\nbG8=", None),
        ("AAEC", None),
        ("/w==", None),
        ("", None),
        ("not base64", None),
    ],
)
def test_only_readable_text_in_canonical_base64_is_decoded(text: str, shown: str | None) -> None:
    assert decode_text(text) == shown


def test_only_strings_below_data_are_shown_decoded() -> None:
    assert show("data.a", LeafType.STR, "aGVsbG8=", in_data=True).shown.reveal() == b"hello"
    assert show("data.a", LeafType.STR, "aGVsbG8=", in_data=False).shown.reveal() == b"aGVsbG8="
    for type_ in set(LeafType) - {LeafType.STR}:
        assert show("data.a", type_, "aGVsbG8=", in_data=True).encoding == "text"


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    st.sampled_from([None, "a" * 40, "b" * 64]),
)
def test_a_record_survives_being_text(shape: dict[str, str], commit: str | None) -> None:
    item = build_item(
        file="infra/secrets/a.yaml",
        title="a",
        commit=commit,
        collection=None,
        fields=[],
        shape=[(path, LeafType.STR, encoding) for path, encoding in shape.items()],
        plain=[PlainLeaf(path, text, LeafType.INT) for path, text in shape.items()],
    )
    assert decode_record(encode_record(item.record)) == item.record


RECORD = {
    "schema": "plana-secrets/mirror-record/1",
    "file": "a",
    "commit": None,
    "leaves": [],
    "others": {},
    "plain": [],
}


def test_a_record_is_short() -> None:
    """Every run reads all of them: a leaf takes little more than its digest."""
    fields = [Field(f"service.password{number}", Secret(b"x")) for number in range(20)]
    item = build_item(
        file="infra/secrets/a.yaml",
        title="a",
        commit="a" * 40,
        collection=None,
        fields=fields,
        shape=[(field.path, field.type, field.encoding) for field in fields],
    )
    assert len(encode_record(item.record)) < 20 * 80


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "é",
        "e30=",
        pack_record(RECORD)[:-8],
        pytest.param(
            base64.b64encode(base64.b64decode(pack_record(RECORD))[:-4]).decode(), id="cut short"
        ),
        pack_record(RECORD | {"commit": 1}),
        pack_record(RECORD | {"others": {"a": 1}}),
        pack_record(RECORD | {"plain": [["a", "str", 1]]}),
        pack_record(RECORD | {"leaves": [[1, "str", "text", None]]}),
        pack_record([]),
        pack_record({}),
        pack_record(RECORD | {"schema": "plana-secrets/mirror-record/2"}),
        pack_record(RECORD | {"file": 1}),
        pack_record(RECORD | {"commit": "--help"}),
        pack_record(RECORD | {"leaves": [["a", "odd", "text", None]]}),
        pytest.param(pack_record(RECORD | {"file": "a" * (1 << 24)}), id="grows without end"),
    ],
)
def test_a_record_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as error:
        decode_record(text)
    assert error.value.kind == "bad-record"
