"""Typed values: the bytes that we plan are the bytes that sops keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.values import canonical_value
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType


@pytest.mark.parametrize(
    ("text", "leaf_type", "kept"),
    [
        ("31", LeafType.INT, "31"),
        ("+7", LeafType.INT, "7"),
        (" -0012 ", LeafType.INT, "-12"),
        ("9223372036854775807", LeafType.INT, "9223372036854775807"),
        ("-9223372036854775808", LeafType.INT, "-9223372036854775808"),
        ("1.0", LeafType.FLOAT, "1"),
        ("1e21", LeafType.FLOAT, "1000000000000000000000"),
        ("1.50", LeafType.FLOAT, "1.5"),
        ("-0", LeafType.FLOAT, "-0"),
        ("1e-7", LeafType.FLOAT, "0.0000001"),
        ("true", LeafType.BOOL, "True"),
        ("FALSE", LeafType.BOOL, "False"),
        (" kept as it is\n", LeafType.STR, " kept as it is\n"),
        ("", LeafType.NULL, ""),
    ],
)
def test_canonical_bytes(text: str, leaf_type: LeafType, kept: str) -> None:
    assert canonical_value(Secret.from_text(text), leaf_type).reveal_text() == kept


@pytest.mark.parametrize(
    ("text", "leaf_type"),
    [
        ("1.5", LeafType.INT), ("9223372036854775808", LeafType.INT),
        ("-9223372036854775809", LeafType.INT), ("0x1f", LeafType.INT),
        ("1_000", LeafType.INT), ("", LeafType.INT), ("nan", LeafType.FLOAT), ("1e999", LeafType.FLOAT),
        ("1,5", LeafType.FLOAT), ("yes", LeafType.BOOL), ("1", LeafType.BOOL), ("x", LeafType.NULL),
        ("٣", LeafType.INT), ("2020-01-01T00:00:00Z", LeafType.TIME),
    ],
)  # fmt: skip
def test_what_is_not_of_the_type_is_refused_without_showing_it(
    text: str, leaf_type: LeafType
) -> None:
    with pytest.raises(UsageError) as caught:
        canonical_value(Secret.from_text(text), leaf_type)
    assert caught.value.message == f"the value is not of type {leaf_type}"


def test_a_string_is_text() -> None:
    with pytest.raises(UsageError) as caught:
        canonical_value(Secret(b"\xff\xfe"), LeafType.STR)
    assert caught.value.kind == "not-text"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_as_the_same_number_without_an_exponent(number: float) -> None:
    kept = canonical_value(Secret.from_text(repr(number)), LeafType.FLOAT).reveal_text()
    assert float(kept) == number
    assert "e" not in kept
