"""A check in words, and the page that holds all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.errors import UsageError
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.catalogue.examples import EXAMPLES
from plana_secrets.verify.explain import find_check, to_lines, to_object, to_page

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"


def test_the_page_is_written_from_the_catalogue() -> None:
    assert PAGE.read_text() == to_page(), "run scripts/reference"


def test_the_page_has_a_section_for_each_check() -> None:
    titles = [line[4:] for line in to_page().splitlines() if line.startswith("### ")]
    assert sorted(titles) == sorted(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_everything_about_a_check_is_said(check: str) -> None:
    one = CHECKS[check]
    lines = list(to_lines(one))
    words = " ".join(" ".join(lines).split())
    for text in (one.what, one.why, f"fix: {one.fix}", *EXAMPLES[check]):
        assert " ".join(text.split()) in words
    assert not any(line.endswith(" ") for line in lines)


def test_a_check_says_what_it_is_and_needs() -> None:
    assert list(to_lines(CHECKS["mac-mismatch"]))[:2] == [
        "mac-mismatch",
        "error, level L3 (needs an identity), cannot be accepted",
    ]
    assert to_object(CHECKS["empty-value"])["acceptable"] is True


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(UsageError, match="did you mean not-sops"):
        find_check("nto-sops")
    with pytest.raises(UsageError, match=r"no check zzz$"):
        find_check("zzz")
