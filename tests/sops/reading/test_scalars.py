"""Plain scalars mean what they mean to sops, whatever other readers of YAML say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.sops.reading.scalars import format_float, is_canonical, resolve_plain

KNOWN = {
    "": "null ",
    "~": "null ",
    "NULL": "null ",
    "nUll": "str nUll",
    "true": "bool True",
    "FALSE": "bool False",
    "yes": "str yes",
    "on": "str on",
    "42": "int 42",
    "+42": "int 42",
    "-0": "int 0",
    "0o17": "int 15",
    "017": "int 15",
    "0O17": "int 15",
    "0X1F": "int 31",
    "-0b11": "int -3",
    "0b-1": "int -1",
    "0o-7": "int -7",
    "1_000": "int 1000",
    "_1": "str _1",
    "08": "float 8",
    "1.0": "float 1",
    "1.": "float 1",
    ".5": "float 0.5",
    ".1_0": "float 0.1",
    "1e3": "float 1000",
    "1e21": "float 1000000000000000000000",
    "1e-7": "float 0.0000001",
    "1e400": "str 1e400",
    "1e-400": "float 0",
    "-0.0": "float -0",
    ".inf": "float +Inf",
    "-.INF": "float -Inf",
    ".NaN": "float NaN",
    "9223372036854775807": "int 9223372036854775807",
    "-9223372036854775809": "float -9223372036854776000",
    "18446744073709551616": "float 18446744073709552000",
    "12:30:45": "str 12:30:45",
    "=": "str =",
    "2020-1-2": "time 2020-01-02T00:00:00Z",
    "2020-01-02 03:04:05.120": "time 2020-01-02T03:04:05.12Z",
    "2020-01-02   3:4:5": "time 2020-01-02T03:04:05Z",
    "2020-01-02t3:4:5,5+05:30": "time 2020-01-02T03:04:05.5+05:30",
    "2020-01-02T03:04:05-00:00": "time 2020-01-02T03:04:05Z",
    "2020-01-02T03:04:05": "str 2020-01-02T03:04:05",
    "2020-01-02 03:04:05 +01:00": "str 2020-01-02 03:04:05 +01:00",
    "2020-13-45": "str 2020-13-45",
    "2021-02-29": "str 2021-02-29",
    "2020-01-02T24:00:00Z": "str 2020-01-02T24:00:00Z",
}


@pytest.mark.parametrize(("text", "meaning"), KNOWN.items())
def test_a_plain_scalar_has_the_type_and_bytes_of_sops(text: str, meaning: str) -> None:
    resolved = resolve_plain(text)

    assert resolved is not None
    assert f"{resolved[0]} {resolved[1].decode()}" == meaning


@pytest.mark.parametrize(
    "text",
    ["9223372036854775808", "18446744073709551615", "0xFFFFFFFFFFFFFFFF",
     "2020-01-02T03:04:05+24:00", "0x" + "0" * 100 + "1", "2020-01-02" + " " * 200 + "1:1:1"],
)  # fmt: skip
def test_what_sops_cannot_use_is_nobodys_to_guess(text: str) -> None:
    assert resolve_plain(text) is None


@given(st.floats(allow_nan=False))
def test_a_float_is_written_without_exponent_and_reads_back(number: float) -> None:
    content = format_float(number)

    assert float(content) == number
    assert b"e" not in content.lower()
    assert is_canonical("float", content)


@given(st.integers())
def test_an_integer_is_canonical_in_one_spelling_only(number: int) -> None:
    content = b"%d" % number

    assert is_canonical("int", content) is (-(2**63) <= number < 2**63)
    assert not is_canonical("int", b"+" + content)
    assert not is_canonical("int", b"0" + content)


@pytest.mark.parametrize(
    ("kind", "content"),
    [("bool", b"true"), ("bool", b"1"), ("int", b"-0"), ("int", "٣".encode()), ("int", b""),
     ("float", b"1.0"), ("float", b"1e3"), ("float", b""), ("float", b"inf"), ("float", b"+1"),
     ("time", b"2020-1-2"), ("time", b"2020-01-02T03:04:05.10Z"), ("time", b""),
     ("time", b"2020-01-02T03:04:05+00:00")],
)  # fmt: skip
def test_another_spelling_was_not_written_by_sops(kind: str, content: bytes) -> None:
    assert not is_canonical(kind, content)


@given(st.text(alphabet="0123456789+-.eE_xXoObBTtZ: ,fFnNaA~yi", min_size=1, max_size=40))
def test_resolving_never_fails_and_gives_canonical_bytes(text: str) -> None:
    resolved = resolve_plain(text)

    assert resolved is None or resolved[0] == "null" or is_canonical(*resolved)


def test_a_number_that_is_none_is_written_as_go_writes_it() -> None:
    written = [format_float(one) for one in (math.nan, math.inf, -math.inf)]
    assert written == [b"NaN", b"+Inf", b"-Inf"]
