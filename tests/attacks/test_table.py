"""The table in the documentation has the numbers of the corpus."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.attacks.catalogue import ALL
from tests.attacks.good import FILES

PAGE = (Path(__file__).parents[2] / "docs" / "coverage.md").read_text()


def test_our_numbers_are_those_of_the_corpus() -> None:
    head = re.search(r"^\| lets pass \|.*", PAGE, re.MULTILINE)
    assert head is not None
    levels = Counter(one.look.level.name for one in ALL)
    cells = [f"{name} ({levels[name]})" for name in ("L1", "L2", "L3", "L4")]
    cells += [f"all {len(ALL)}", f"refuses {len(FILES)} good files"]
    assert head[0] == f"| lets pass | {' | '.join(cells)} |"


def test_we_let_none_pass_and_say_how_many_are_no_errors() -> None:
    ours = re.search(r"^\| plana-secrets verify \| (.*) \|$", PAGE, re.MULTILINE)
    assert ours is not None
    assert set(ours[1].split(" | ")) == {"0"}
    milder = sum(one.severity != "error" for one in ALL)
    assert f"{milder} of our findings are warnings or notes" in PAGE
