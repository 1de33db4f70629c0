"""dotenv: every dialect's common ground is read, the rest refused; what is written comes back."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.dotenv import (
    name_problem,
    parse_dotenv,
    value_problem,
    write_assignment,
)
from plana_secrets.errors import MalformedError


def read(text: str) -> dict[str, str]:
    return {one.name: one.value.reveal_text() for one in parse_dotenv(text).assignments}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("A=1\n\n  # c\nB = two words \n", {"A": "1", "B": "two words"}),
        ("export A=1\nexport\tB=2\nexport=3\n", {"A": "1", "B": "2", "export": "3"}),
        ("A=\nB= # nothing\nC=''\nD=\"\"\n", {"A": "", "B": "", "C": "", "D": ""}),
        ("A=x # a comment\n", {"A": "x"}),
        ("A='$HOME \\n #\" `x`'\n", {"A": '$HOME \\n #" `x`'}),
        ('A="a\\nb\\t\\"c\\" \\\\ \\$HOME it\'s" # c\n', {"A": 'a\nb\t"c" \\ $HOME it\'s'}),
        ("A='-----BEGIN\nkey\n'\nB=2\n", {"A": "-----BEGIN\nkey\n", "B": "2"}),
        ("A=http://u:p@h/?x=1&y=2;z\n", {"A": "http://u:p@h/?x=1&y=2;z"}),
        ("A=100$\nB=a$-b\n", {"A": "100$", "B": "a$-b"}),
        ("a.b-c=1\n", {"a.b-c": "1"}),
    ],
)
def test_what_all_programs_read_alike_is_read(text: str, expected: dict[str, str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nhunter2\n", 2),
        ("A=1\nB=2\nA=hunter2\n", 3),
        ("1A=hunter2\n", 1),
        ("=hunter2\n", 1),
        ("export hunter2\n", 1),
        ("A='hunter2\n", 1),
        ('\nA="hunter2\n', 2),
        ("A='hunter2'x\n", 1),
        ("A='hunter2'#x\n", 1),
        ('A="hunter2\\x"\n', 1),
        ('A="hunter2$HOME"\n', 1),
        ('A="hunter2${HOME}"\n', 1),
        ("A=hunter2$HOME\n", 1),
        ("A=hunter2$(id)\n", 1),
        ("A=hunter2$1\n", 1),
        ("A=`hunter2`\n", 1),
        ("A=hunter2#x\n", 1),
        ("A=#hunter2\n", 1),
        ("A=hunter2\\n\n", 1),
        ("A=hun'ter2\n", 1),
        ('A=hunter2"\n', 1),
        ("A='x\ny'\nB='hunter2'x\n", 3),
    ],
)
def test_what_programs_read_differently_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_dotenv(text)
    assert caught.value.facts["line"] == line
    assert "hunter2" not in str(caught.value)


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,5}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.text("'\"\\$`#\n\r\t a", max_size=9)


@given(st.dictionaries(names, texts, max_size=4))
def test_what_is_written_is_read_back(values: dict[str, str]) -> None:
    held = {name: text for name, text in values.items() if value_problem(text) is None}
    assert read("".join(write_assignment(name, text) for name, text in held.items())) == held


@pytest.mark.parametrize("name", ["", "1a", "a b", "a=b", "ä", "a\nb"])
def test_a_name_that_dotenv_cannot_hold(name: str) -> None:
    assert name_problem(name)


@given(st.text("A=\"'\\$#\n x`", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MalformedError):
        parse_dotenv(text)


def test_a_large_file_is_read_in_linear_time() -> None:
    start = time.process_time()
    assert len(read("".join(f"A{number}=\n" for number in range(30_000)))) == 30_000
    assert time.process_time() - start < 5
