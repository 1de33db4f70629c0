"""The words of CONTRIBUTING.md hold in the package (its help included) and in the documents.

The table there is the only list: the code in its first column is searched as whole words, in
any case.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_CONTRIBUTING = ROOT / "CONTRIBUTING.md"
_HEADING = "| not this | this |"


def read_words(text: str) -> list[str]:
    """The words and phrases of the first column of the table."""
    rows = text.partition(_HEADING)[2].partition("\n\n")[0].splitlines()[2:]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


def find_words(text: str, words: list[str]) -> list[str]:
    """The words that ``text`` uses, across the ends of its lines."""
    pattern = "|".join(re.escape(word) for word in words)
    return re.findall(rf"\b(?:{pattern})\b", " ".join(text.split()), re.IGNORECASE)


def texts_of(source: str) -> Iterator[tuple[int, str]]:
    """Each string, docstring and block of comments of a module, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [(one.start[0], one.string) for one in tokens if one.type == tokenize.COMMENT]
    for _, block in groupby(enumerate(comments), lambda pair: pair[1][0] - pair[0]):
        lines = [comment for _, comment in block]
        yield lines[0][0], " ".join(text.lstrip("#: ") for _, text in lines)


WORDS = read_words(_CONTRIBUTING.read_text())
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def test_the_package_uses_none_of_the_words():
    found = [
        f"{module.relative_to(ROOT)}:{line}: {', '.join(words)}"
        for module in sorted((ROOT / "plana_secrets").rglob("*.py"))
        for line, text in texts_of(module.read_text())
        if (words := find_words(text, WORDS))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_uses_none_of_the_words(page: Path):
    text = page.read_text()
    if page == _CONTRIBUTING:
        before, _, after = text.partition(_HEADING)
        text = before + after.partition("\n\n")[2]
    assert not find_words(text, WORDS)


def test_the_table_has_words():
    assert {"somebody", "anew", "is made"} <= set(WORDS)


@pytest.mark.parametrize("text", ["Somebody wrote", "it is\nmade here", "begin anew."])
def test_a_word_is_found_across_lines_and_in_any_case(text: str):
    assert len(find_words(text, WORDS)) == 1


@pytest.mark.parametrize("text", ["a standard", "a sops_that_lies", "renewed", "it was remade"])
def test_a_part_of_a_word_is_none(text: str):
    assert not find_words(text, WORDS)


def test_every_text_of_a_module_is_read():
    source = '"""One."""\n# two\n# goes on\nx = 1  # three\nraise E("four" f"{x} five")\n'
    assert {text for _, text in texts_of(source)} == {"One.", "two goes on three", "four", " five"}
