"""A table for a spreadsheet or a page: each cell stays a cell, and acts as nothing."""

from __future__ import annotations

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.cli.sheet import as_csv, as_markdown
from plana_secrets.escape import safe_line

TEXTS = st.text(st.sampled_from("a =+-@|\\`'\",;\t\r\n\x00<![](*\u202e"), max_size=12)


@given(rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_csv_reads_back_cell_by_cell(rows: list[tuple[str, str]]) -> None:
    read = list(csv.reader(as_csv(("a", "b"), rows).split("\n")))
    assert [[one.removeprefix("'") for one in row] for row in read[1:]] == [
        [safe_line(one).removeprefix("'") for one in row] for row in rows
    ]


@given(text=TEXTS)
def test_no_cell_is_a_formula(text: str) -> None:
    (_, (cell, _)) = csv.reader(as_csv(("a", "b"), [(text, "x")]).split("\n"))
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))


@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), title=TEXTS)
def test_markdown_has_as_many_cells_as_columns(rows: list[tuple[str, str]], title: str) -> None:
    lines = as_markdown(("file", title), rows).split("\n")
    assert len(lines) == 2 + len(rows)
    for line in lines:
        assert re.sub(r"\\[!-/:-@\[-`{-~]", "", line).count("|") == 3


@pytest.mark.parametrize("text", ["<script>", "[x](https://a.test)", "@team", "**b**", "!x", "a|b"])
def test_markup_is_code(text: str) -> None:
    cell = as_markdown(("a",), [(text,)]).split("\n")[2]
    assert cell.startswith("| `")
    assert cell.endswith("` |")
