"""Bech32 as BIP 173 defines it, with its own vectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.age import bech32
from plana_secrets.age.bech32 import bech32_decode, bech32_encode
from plana_secrets.errors import MalformedError

# BIP 173, "Test vectors"; only those that hold whole bytes decode to data
WHOLE = {
    "A12UEL5L": ("a", ""),
    "a12uel5l": ("a", ""),
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs": (
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio",
        "",
    ),
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw": (
        "abcdef",
        "00443214c74254b635cf84653a56d7c675be77df",
    ),
    "?1ezyfcl": ("?", ""),
}
INVALID = [
    "\x201nwldj5",
    "\x7f1axkwrx",
    "pzry9x0s0muk",
    "1pzry9x0s0muk",
    "x1b4n0q5v",
    "li1dgmt3",
    "A1G7SGD8",
    "10a06t8",
    "1qzzfhee",
    "",
    "A12uEL5L",
    "a12uel5k",
]


@pytest.mark.parametrize("text", WHOLE)
def test_a_valid_text_is_read(text: str) -> None:
    prefix, data = WHOLE[text]
    assert bech32_decode(text) == (prefix, bytes.fromhex(data))


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_one_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        bech32_decode(text)


@pytest.mark.parametrize("text", ["a1qq9jvc4r", "a1pe9qjum"])
def test_bits_that_no_data_has_are_refused(text: str) -> None:
    """Valid checksums over groups that make no whole bytes."""
    with pytest.raises(MalformedError):
        bech32_decode(text)


@given(st.binary(max_size=80), st.sampled_from(["age1pq", "age-secret-key-pq-", "a"]))
def test_what_is_written_is_read_back(data: bytes, prefix: str) -> None:
    text = bech32_encode(prefix, data)
    assert bech32_decode(text) == bech32_decode(text.upper()) == (prefix, data)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_no_single_letter_can_be_wrong(data: bytes, draw: st.DataObject) -> None:
    text = bech32_encode("age", data)
    place = draw.draw(st.integers(4, len(text) - 1))
    letter = draw.draw(st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
    if letter != text[place]:
        with pytest.raises(MalformedError):
            bech32_decode(text[:place] + letter + text[place + 1 :])


def test_a_text_of_any_length_is_refused_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    text = bech32_encode("age", bytes(10_000))
    monkeypatch.setattr(bech32, "_checksum", None)
    with pytest.raises(MalformedError):
        bech32_decode(text)
