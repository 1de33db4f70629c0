"""One spelling of base64, and one of an encrypted value."""

from __future__ import annotations

import pytest

from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.reading.tokens import decode_base64, parse_token

TOKEN = "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{}]"
IV, TAG = "A" * 43 + "=", "A" * 22 + "=="


@pytest.mark.parametrize(
    "text", ["QUI", "QUJD\n", "QR==", "QUJ=", "Q", "====", "QU JD", "QUJD=", "-_8="]
)
def test_base64_that_encodes_otherwise_is_refused(text: str) -> None:
    assert decode_base64(text) is None


def test_base64_is_decoded() -> None:
    assert [decode_base64(text) for text in ("QUJD", "QUI=", "QQ==")] == [b"ABC", b"AB", b"A"]


@pytest.mark.parametrize(
    ("data", "kind", "taken"),
    [("QUJD", "str", True), ("QUJ", "str", False), ("QUJD", "bytes", False), ("QQ==", "int", True)],
)
def test_a_token_is_what_sops_writes(data: str, kind: str, taken: bool) -> None:
    text = TOKEN.format(data, IV, TAG, kind)
    assert (parse_token(text) is not None) is taken
    assert parse_token(f"{text} x") is None


@pytest.mark.parametrize(
    ("element", "wanted"),
    [
        (TOKEN.format("QUJD", IV, TAG, "comment"), []),
        ("ENC[AES256_GCM,data:x,type:comment]", ["not-canonical"]),
        ("password,type:comment]", ["not-canonical"]),
    ],
)
def test_an_element_that_looks_like_an_encrypted_comment(element: str, wanted: list[str]) -> None:
    """In a list that is encrypted it has to be one, to the last character."""
    content = f"a:\n    - {element}\nsops:\n    encrypted_regex: ^a$\n"
    found = [one.check for one in read_structure(content.encode()).defects]
    assert [one for one in found if one not in {"metadata", "empty-container"}] == wanted


def test_an_encrypted_comment_in_a_readable_list_is_refused() -> None:
    element = TOKEN.format("QUJD", IV, TAG, "comment")
    content = f"b:\n    - {element}\nsops:\n    encrypted_regex: ^a$\n"
    assert "not-canonical" in [one.check for one in read_structure(content.encode()).defects]
