"""Foreign text cannot act where it is shown."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.escape import code_span, prose, safe, safe_line

HOSTILE = [
    "\x1b]52;c;aGk=\x07", "\x1b[2J", "\x9b2J", "a\rb", "\u202eabc", "\u2066x\u2069", "a\u200bb",
    "\u061c", "\ufeff", "\ufff9", "\U000e0041", "\udc80", "\x00", "\x7f", "\u180e", "\u206a",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_terminal_acts_on_becomes_an_escape(text: str) -> None:
    shown = safe_line(text)
    assert shown.isascii()
    assert re.search(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})", shown)


@pytest.mark.parametrize("start", ["AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1", "age-secret-key-1"])
def test_a_name_does_not_show_an_identity(start: str) -> None:
    assert safe_line(f"docs/{start}{'Q' * 58}.txt") == f"docs/{start}....txt"


@pytest.mark.parametrize(
    "text",
    [
        "::error::x",
        "  ::set-output name=a::b",
        "a\n::warning::x",
        "\u2003::error::x",
        ":::error::x",
    ],
)
def test_no_line_starts_a_command_of_a_runner(text: str) -> None:
    """A runner of GitHub trims all spaces of Unicode first."""
    assert not any(line.strip().startswith("::") for line in safe(text).split("\n"))


@pytest.mark.parametrize(
    "text", ["##[error]x", "a ##[add-mask]b", "x##vso[task.setvariable]y", "###[x"]
)
def test_no_line_has_an_older_command_anywhere(text: str) -> None:
    assert not re.search(r"##[a-z]*\[", safe(text))


@pytest.mark.parametrize(
    "text", ["a: b", "std::string", "# title", "a::b", "## two", "café ☕ 日本"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == safe_line(text) == text


@settings(max_examples=60)
@given(
    st.text(
        st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "L"]) | st.sampled_from("`:#[\n")
    )
)
def test_a_line_is_one_line_and_says_the_same_twice(text: str) -> None:
    line = safe_line(text)
    assert len(line.splitlines()) <= 1
    assert safe_line(line) == line
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in line)


@settings(max_examples=60)
@given(st.text(st.sampled_from("`a <&\\[]\n")))
def test_nothing_gets_out_of_a_code_span(text: str) -> None:
    span = code_span(text)
    fence = re.match("`+", span).group()
    assert span.startswith(fence)
    assert span.endswith(fence)
    inside = span[len(fence) : -len(fence)]
    assert fence not in re.findall("`+", inside)
    assert "\n" not in span


def test_prose_keeps_code_and_escapes_the_rest() -> None:
    assert prose("a `b*c` [[d]] <e>") == r"a `b*c` \[\[d\]\] \<e\>"
