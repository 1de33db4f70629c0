"""SECURITY.md claims nothing that no test would notice."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()

_NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")
_ROWS = [
    line
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.rstrip(" |").endswith(("test", "---"))
]


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[2:40])
def test_every_row_names_a_test(row: str) -> None:
    assert _NAMED.search(row.rpartition(" | ")[2])


@pytest.mark.parametrize(("file", "name"), sorted(set(_NAMED.findall(PAGE))))
def test_every_named_test_exists(file: str, name: str) -> None:
    assert (ROOT / file).is_file()
    assert name in functions_of(ROOT / file)


def test_the_page_was_read() -> None:
    assert len(_ROWS) > 25
    assert PAGE.count("tests/") == len(_NAMED.findall(PAGE))
