"""What a person types stays: a scalar that YAML would change is kept as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.astyped import Typed, keep_as_typed
from plana_secrets.document.edits import Content
from plana_secrets.document.emit import emit_yaml
from plana_secrets.document.values import written
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.writing.stage import parse_plain
from plana_secrets.sops.model import Leaf
from plana_secrets.sops.reading.reader import plain_scalars


def typed(text: str, before: str = "") -> Typed:
    data = Secret.from_text(text)
    content = parse_plain(data, "f.yaml", odd_as_text=True)
    return keep_as_typed(content, plain_scalars(data.reveal()), plain_scalars(before.encode()))


def value_of(content: Content) -> tuple[str, str]:
    """Type and text, as ``get`` prints it, of the last leaf."""
    leaf, value = content.items[-1], content.values[-1]
    assert isinstance(leaf, Leaf)
    assert value is not None
    return str(leaf.type), written(leaf.type, value).decode()


@pytest.mark.parametrize(
    "scalar",
    ["0042", "1.10", "0x1F", "12345678901234567890123", "2024-01-02", "1_000", "+5", "5.0", "1e3",
     "-0", "08", "0o17", ".5", "True", "FALSE", ".inf", ".NaN", "9223372036854775808", "0b11",
     "2024-01-02 03:04:05", "12e03", "1."],
)  # fmt: skip
def test_what_would_come_back_as_something_else_is_text(scalar: str) -> None:
    result = typed(f"a: {scalar}\n")
    assert value_of(result.content) == ("str", scalar)
    assert result.as_text == (("a",),)


@pytest.mark.parametrize(
    ("scalar", "kind"),
    [("42", "int"), ("-7", "int"), ("1.5", "float"), ("true", "bool"), ("false", "bool"),
     ("null", "null"), ("2024-01-02T03:04:05Z", "time"), ("word", "str"), ("yes", "str")],
)  # fmt: skip
def test_what_comes_back_as_it_was_typed_keeps_its_type(scalar: str, kind: str) -> None:
    result = typed(f"a: {scalar}\n")
    assert value_of(result.content) == (kind, scalar)
    assert result.as_text == result.nulls == ()


@pytest.mark.parametrize("scalar", ["", "~", "#x", "Null"])
def test_a_null_that_does_not_say_so_is_named(scalar: str) -> None:
    assert typed(f"a: {scalar}\n").nulls == (("a",),)


def test_a_quoted_scalar_is_text_and_no_news() -> None:
    result = typed("a: '0042'\n")
    assert value_of(result.content) == ("str", "0042")
    assert result.as_text == ()


def test_what_nobody_touched_means_what_it_meant_also_one_place_further() -> None:
    before = "a: 1.5e+300\nl:\n    - 2.0\n"
    result = typed("a: 1.5e+300\nl:\n    - 0042\n    - 2.0\n", before)
    assert result.as_text == (("l", 0),)
    assert value_of(result.content)[0] == "float"


SCALARS = st.one_of(
    st.text("0123456789.-+_exobXTZ: ", min_size=1, max_size=24),
    st.sampled_from(["true", "True", "NULL", "~", "no", ".inf", "-.INF", ".nan", "0x1F", "0o7"]),
    st.integers().map(str),
    st.floats().map(repr),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
).map(str.strip)


@given(scalar=SCALARS)
def test_every_scalar_reads_back_as_it_was_typed_or_is_named(scalar: str) -> None:
    from plana_secrets.errors import MalformedError

    try:
        result = typed(f"a: {scalar}\n")
    except MalformedError:
        return
    raw = plain_scalars(f"a: {scalar}\n".encode()).get(("a",))
    if raw is None or len(result.content.items) != 1:
        return
    assert value_of(result.content)[1] == raw or result.nulls
    again = parse_plain(emit_yaml(result.content.items, result.content.values), "f.yaml")
    assert value_of(again) == value_of(result.content)
