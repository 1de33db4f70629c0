"""The notation of paths: one spelling each, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import UsageError
from plana_secrets.paths import format_path, parse_path

STEPS = st.lists(st.one_of(st.text(), st.integers(0, 10**6)), min_size=1)


@given(STEPS)
def test_parse_is_the_inverse_of_format(steps):
    assert parse_path(format_path(tuple(steps))) == tuple(steps)


@given(st.text())
def test_any_text_is_a_path_or_a_usage_error(text):
    try:
        path = parse_path(text)
    except UsageError:
        return
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        (("db", "password"), "db.password"),
        (("stringData", "jwt-access.json"), 'stringData["jwt-access.json"]'),
        (("a", 0, "b"), "a[0].b"),
        (("example.com/app",), '["example.com/app"]'),
        (("labels", "x/y"), "labels.x/y"),
        (("", "a b"), '[""]["a b"]'),
        (('say "hi"',), '["say \\"hi\\""]'),
        (("ü",), "ü"),
        (("a\nb",), '["a\\nb"]'),
    ],
)
def test_the_spelling(path, spelled):
    assert format_path(path) == spelled
    assert parse_path(spelled) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a[",
        "a[01]",
        "a[-1]",
        'a["x"',
        "a]b",
        "a[0]b",
        "a['x']",
        "[" * 5000,
    ],
)
def test_what_is_no_path_names_the_column(text):
    with pytest.raises(UsageError, match="column"):
        parse_path(text)


@pytest.mark.parametrize("text", ["password=SENTINEL", "db.password=SENTINEL", "a[0]=SENTINEL"])
def test_a_value_typed_into_a_path_is_refused_and_not_repeated(text):
    with pytest.raises(UsageError) as stop:
        parse_path(text)
    assert stop.value.kind == "value-in-path"
    assert "SENTINEL" not in f"{stop.value.message} {stop.value.facts}"


@pytest.mark.parametrize("text", ["SENTINEL pass", "SENTINEL]", "SENTINEL..x", '"SENTINEL"'])
def test_what_is_no_path_is_not_repeated(text):
    with pytest.raises(UsageError) as stop:
        parse_path(text)
    assert "SENTINEL" not in f"{stop.value.message} {stop.value.facts}"


def test_a_key_with_an_equals_sign_has_a_spelling():
    assert format_path(("a=b",)) == '["a=b"]'
    assert parse_path('["a=b"]') == ("a=b",)


@pytest.mark.parametrize(
    ("text", "column"),
    [("a.", 3), (".a", 1), ("a..b", 3), ("a[", 2), ("a[01]", 2), ("a]b", 2), ("a[0]b", 5)],
)
def test_the_column_is_where_it_stops_being_a_path(text, column):
    with pytest.raises(UsageError, match=f"column {column}$"):
        parse_path(text)


def test_half_a_character_is_in_no_file_and_a_whole_one_may_be():
    for half in ("d800", "dbff", "dc00", "dfff"):
        with pytest.raises(UsageError):
            parse_path(f'["\\u{half}"]')
    assert parse_path('["\\ud7ff\\ue000"]') == ("\ud7ff\ue000",)
    assert parse_path('["\\ud83d\\ude00"]') == ("\U0001f600",)
