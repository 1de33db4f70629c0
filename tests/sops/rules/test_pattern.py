"""A pattern finds what RE2 finds, and no pattern takes long."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import MalformedError
from plana_secrets.sops.model import Selector
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.rules.automaton import MOST_STATES, variants
from plana_secrets.sops.rules.pattern import check_pattern, compile_pattern
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.sops.rules.selectors import is_encrypted_path

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors/regex/go.json").read_text(encoding="ascii")
)
"""Patterns of the subset, and what Go's ``regexp`` found them in; bytes that are not UTF-8
are surrogates."""

HOSTILE = [
    "^(([a-z/.])+)+X$",
    "(a*)*X",
    "(a|a)*X",
    "(a|aa)+$X",
    "(.*)*(.*)*(.*)*X",
    "(a?){300}a{300}X",
    "[ab]*a[ab]{900}X",
    "(" * 50 + "a" + ")*" * 50 + "X",
    ".*.*.*.*.*.*.*.*.*.*X",
    "|".join(["a[ab]{30}X"] * 25),
]


@pytest.mark.parametrize("row", VECTORS, ids=[row["pattern"] for row in VECTORS])
def test_it_finds_what_go_finds(row: dict[str, object]) -> None:
    """Classes, anchors, repeats, folded letters of any script, and bytes that are not UTF-8."""
    pattern = compile_pattern(str(row["pattern"]))
    texts = [*row["found"], *row["not_found"]]  # type: ignore[misc]
    assert [text for text in texts if pattern.search(text)] == row["found"]


atoms = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "\\d", "1", "^", "$", "-"])
repeats = st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])


def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pieces = st.builds(
        lambda atom, repeat: atom if atom in "^$" else atom + repeat,
        atoms | inner.map(lambda text: f"(?:{text})"),
        repeats,
    )
    chains = st.lists(pieces, max_size=4).map("".join)
    return st.lists(chains, min_size=1, max_size=3).map("|".join)


@given(
    pattern=st.recursive(st.just("a"), grow, max_leaves=4),
    text=st.text(alphabet="abc1-\n", max_size=8),
)
def test_it_finds_what_python_finds(pattern: str, text: str) -> None:
    """Short texts, so that the engine that backtracks comes to an end."""
    if check_pattern(pattern) is None:
        translated = re.sub(r"(?<!\[)\^", r"\\A", pattern).replace("$", r"\Z")
        theirs = re.search(translated, text, re.ASCII)
        assert compile_pattern(pattern).search(text) is (theirs is not None)


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_hostile_pattern_is_searched_in_linear_time(pattern: str) -> None:
    """Each of them takes an engine that backtracks years, on less text."""
    compiled = compile_pattern(pattern)
    start = time.process_time()
    assert not compiled.search("ab" * 4000 + "a" * 2000)
    assert time.process_time() - start < 1.5


def test_the_table_of_a_search_stays_small() -> None:
    """A text in which every position has another set of states does not fill the memory."""
    compiled = compile_pattern("[ab]*a[ab]{60}X")
    text = "".join("ab"[(n * n // 7) % 2] for n in range(20_000))
    assert not compiled.search(text)
    assert compiled.search(f"{text}X") is (text[-61] == "a")


def test_a_pattern_of_too_many_states_is_refused() -> None:
    assert check_pattern(f"a{{{MOST_STATES}}}") is None
    reason = check_pattern("(?:ab){501}")
    assert reason == "more than 1000 states"
    with pytest.raises(MalformedError):
        is_encrypted_path(Selector("encrypted_regex", "(?:ab){501}"), ("a",))


def test_the_rule_of_a_pattern_with_too_many_states_is_named() -> None:
    rules = parse_rules(
        b"creation_rules:\n"
        b"  - path_regex: ^other/\n    age: x\n"
        b"  - path_regex: (?:ab){501}\n    age: x\n"
    )
    assert [
        (defect.check, defect.line, defect.message)
        for defect in rules.defects
        if defect.check == "rules-bad-path-regex"
    ] == [("rules-bad-path-regex", 4, "path_regex: more than 1000 states")]
    with pytest.raises(MalformedError, match=r"creation rule 2 \(line 4\) .* 1000 states"):
        rules.usable_rule_for("a")


def test_the_end_is_the_very_end() -> None:
    """Python's ``$`` also matches before a final line feed; that of RE2 does not."""
    assert not compile_pattern("a$").search("a\n")
    assert compile_pattern("^$").search("")
    assert compile_pattern("$^").search("")
    assert not compile_pattern("a^").search("a")


def test_a_byte_that_is_no_text_is_one_character() -> None:
    """As for RE2, which reads U+FFFD there; a pattern cannot name that character."""
    assert compile_pattern("^a.b$").search("a\udcffb")
    assert not compile_pattern("^a.b$").search("a\udce2\udc82b")
    assert compile_pattern("^a[^x]b$").search("a\udcffb")
    assert check_pattern("\ufffd") is not None


@pytest.mark.parametrize(
    ("character", "expected"),
    [("k", "Kk\u212a"), ("s", "Ss\u017f"), ("i", "iI"), ("\u0131", "\u0131"), ("1", "1")],
)
def test_letters_fold_as_in_go(character: str, expected: str) -> None:
    """Python's own folding takes a dotless i for an i."""
    assert set(variants(character)) == set(expected)


@pytest.mark.parametrize("option", ["encrypted_regex", "encrypted_comment_regex"])
def test_a_hostile_selector_of_a_file_is_read_in_linear_time(option: str) -> None:
    """The metadata of a file may name any pattern."""
    content = "\n".join(f"{'ab' * 12}{number}: x # {'ab' * 30}" for number in range(1000))
    start = time.process_time()
    read_structure(f"{content}\nsops:\n    {option}: ^((([ab])+)+)+X$\n".encode())
    assert time.process_time() - start < 2


def test_letters_without_their_case_are_those_of_unicode() -> None:
    """Simple case folding (``CaseFolding.txt``, status C and S), which Go follows."""
    groups: dict[str, set[str]] = {}
    for character in map(chr, [*range(0xD800), *range(0xE000, 0x20000)]):
        folded = character.casefold()
        if len(folded) == 1:
            groups.setdefault(folded, set()).add(character)
    for group in groups.values():
        for character in group:
            assert set(variants(character)) == group
    for alone in ("\u0130", "\u0149", "\ufb00"):
        assert set(variants(alone)) == {alone}
    assert set(variants("\u00df")) == {"\u00df", "\u1e9e"}


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[\\q]", "the escape \\q (column 4)"),
        ("[a\x00]", "a character that does not print (column 4)"),
        ("[a-\\d]", "an invalid range (column 6)"),
        ("[\\", "a set or an escape that is not closed (column 3)"),
        ("[a-", "a set or an escape that is not closed (column 4)"),
        ("[a[]", "'[' in a set without a backslash (column 4)"),
        ("[a-c-e]", "'-' in the middle of a set without a backslash (column 6)"),
    ],
)
def test_a_set_that_two_engines_may_read_differently_is_refused(pattern: str, reason: str) -> None:
    assert check_pattern(pattern) == reason


def test_a_set_holds_what_it_names() -> None:
    for pattern, found, others in (
        ("^[\\]\\-\\\\]$", "]-\\", "["),
        ("^[-a]$", "-a", "b"),
        ("^[a-]$", "-a", "b"),
        ("^[^\\d]$", "a-", "5"),
        ("^[\\d_]$", "5_", "a"),
        ("(?i)^[^k]$", "s", "kK\u212a"),
    ):
        compiled = compile_pattern(pattern)
        assert all(compiled.search(one) for one in found), pattern
        assert not any(compiled.search(one) for one in others), pattern
