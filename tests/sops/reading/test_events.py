"""The event parser says what another parser over the same library says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.sops.reading.events import YAMLError, event_parser

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "sops"
FACTS = ("anchor", "tag", "value", "style", "flow_style", "explicit", "version", "tags")


def told(parser: Any, failures: tuple[type[BaseException], ...]) -> list[tuple[object, ...]]:
    """All events with their facts and places, up to the end or the first complaint."""
    seen: list[tuple[object, ...]] = []
    while True:
        try:
            event = parser.get_event()
        except failures as error:
            mark = getattr(error, "problem_mark", None)
            return [*seen, ("error", mark and (mark.line, mark.column))]
        if event is None:
            return seen
        marks = (event.start_mark, event.end_mark)
        places = [(mark.line, mark.column, mark.index) for mark in marks if mark is not None]
        # the one names the absence of a style None, the other ""
        facts = [getattr(event, fact, None) or None for fact in FACTS]
        seen.append((type(event).__name__, *facts, *places))


@pytest.fixture(scope="module")
def other() -> Callable[[str], list[tuple[object, ...]]]:
    clib = pytest.importorskip("_ruamel_yaml")
    from ruamel.yaml.error import YAMLError as OtherError

    return lambda text: told(clib.CParser(text), (OtherError,))


@pytest.mark.parametrize("vector", sorted(VECTORS.glob("*.yaml")), ids=lambda path: path.stem)
def test_both_parsers_tell_the_same_of_files_of_sops(
    vector: Path, other: Callable[[str], list[tuple[object, ...]]]
) -> None:
    text = vector.read_text()
    events = told(event_parser(text), (YAMLError,))
    assert len(events) > 5
    assert events == other(text)


PIECES = st.sampled_from(
    ["a", "b: ", "- ", "\n", "  ", "    ", '"q"', "'s'", "# c", "|", ">-", "&x ", "*x", "!t ",
     "? ", ": ", "---\n", "...\n", "%YAML 1.1\n", "é", "\u2028", "\t",
     "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]"]
)  # fmt: skip
"""Block style, which sops writes; in flow style the two releases of libyaml differ."""


@given(text=st.lists(PIECES, max_size=24).map("".join))
def test_both_parsers_tell_the_same_of_anything(
    text: str, other: Callable[[str], list[tuple[object, ...]]]
) -> None:
    """Of a text that neither takes they may complain at different places."""
    ours, theirs = told(event_parser(text), (YAMLError,)), other(text)
    assert ours == theirs or (ours[-1][0] == theirs[-1][0] == "error")
