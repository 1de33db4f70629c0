"""Files in sops's own form are read without parsing the metadata, and never read otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.sops.model import Item
from plana_secrets.sops.reading.containers import Tree, _read, _read_short
from plana_secrets.sops.reading.structure import build_structure

FOLDER = Path(__file__).parent.parent.parent / "vectors" / "sops"


def plain(stem: str) -> str:
    """A vector without its comments, which are what sends a file through the parser."""
    lines = (FOLDER / f"{stem}.yaml").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if "#" not in line)


def seen(tree: Tree) -> tuple[list[object], str, set[object]]:
    structure = build_structure(tree)
    defects = {(one.check, one.message, one.line, one.path) for one in structure.defects}
    return [_seen(item) for item in structure.items], repr(structure.metadata), defects


def _seen(item: Item) -> object:
    value = getattr(item, "plain", None)
    return repr(item), value.reveal() if value is not None else None


@pytest.mark.parametrize(
    "stem", ["plain-3.11.0", "plain-3.13.3", "manifest-3.13.3", "mac-only-3.11.0"]
)
def test_a_file_of_sops_is_read_the_short_way_with_the_same_result(stem: str) -> None:
    text = plain(stem)
    short = _read_short(text)

    assert short is not None
    assert seen(short) == seen(_read(Tree(text), text).tree)


@pytest.mark.parametrize("name", ["lastmodified", "mac", "version"])
def test_a_line_that_is_there_twice_is_refused(name: str) -> None:
    text = plain("plain-3.11.0")
    line = next(one for one in text.splitlines(keepends=True) if one.startswith(f"    {name}: "))
    twice = text.replace(line, line + line)
    assert _read_short(text) is not None
    assert _read_short(twice) is None
    assert build_structure(_read(Tree(twice), twice).tree).errors()


TEXTS = st.sampled_from(
    ["", " ", "  ", ":", "- ", "[", "{", "}", '"', "'", "|", ">", "? ", "...\n", "---\n", "\n",
     "sops:", "\nsops:\n    age:\n", "x: |\n", 'x: "', "x: {", "null", "%"]
)  # fmt: skip


@settings(max_examples=150)
@given(
    stem=st.sampled_from(["plain-3.11.0", "manifest-3.13.3"]),
    edits=st.lists(st.tuples(st.integers(0, 30), st.booleans(), TEXTS), max_size=3),
)
def test_the_short_way_never_says_anything_else(
    stem: str, edits: list[tuple[int, bool, str]]
) -> None:
    lines = plain(stem).split("\n")
    for number, behind, text in edits:
        index = number % len(lines)
        lines[index] = lines[index] + text if behind else text + lines[index]
    text = "\n".join(lines)
    short = _read_short(text)

    assert short is None or seen(short) == seen(_read(Tree(text), text).tree)
