"""Every variant of the corpus is found at its level, and its base has nothing to find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from _pytest.mark.structures import ParameterSet

from tests.attacks.catalogue import ALL, UNDECIDABLE
from tests.attacks.ground import SECRET_WORDS, Ground
from tests.attacks.variant import Look, Variant, found_in

SOPS_ACCEPTS = """
1 2 3 4 5 6 7 8 F1 F5 9 10 10b F2 F3 F4 16 17 18 F10 20 20b 20c 21 22 25 32 33 34 F9 35 40 41 43 44
50 51 53 54 60 61 62 81 66 63 64 F11 F12 69 71 72 73 74 75 76 77 87 G1 G2 I9 I10 I11
"""
SOPS_REFUSES = "11 12 13 14 15 19 24 26 27 28 29 30 31 52 57 58 59 G3 65 68 78 86 F14"


def test_names_are_unique_and_every_row_of_the_catalogue_is_tried() -> None:
    names = Counter(map(str, (*ALL, *UNDECIDABLE)))
    assert [name for name, number in names.items() if number > 1] == []
    assert len(ALL) >= 120
    tried = {row for one in (*ALL, *UNDECIDABLE) for row in one.source.split()}
    assert {f"A{number}" for number in range(1, 44)} - tried == set()
    assert set(SOPS_ACCEPTS.split()) - tried == set()
    assert set(SOPS_REFUSES.split()) - tried == set()


@pytest.mark.parametrize("look", list(Look), ids=lambda look: look.value[1])
def test_the_base_has_nothing_to_find(ground: Ground, look: Look) -> None:
    assert [one for one in found_in(ground, look) if one.severity != "note"] == []


def _rows() -> Iterator[ParameterSet]:
    """Every day some of each kind; the reader alone is asked about every file each day."""
    for look in Look:
        rows = [one for one in ALL if one.look is look]
        for number, one in enumerate(rows):
            every = 12 if look in {Look.RANGE, Look.PUSH} else 3
            marks = () if number % every == 0 else pytest.mark.long
            yield pytest.param(one, marks=marks, id=str(one))


@pytest.mark.parametrize("variant", [*_rows()])
def test_a_variant_is_found_at_its_level(ground: Ground, variant: Variant) -> None:
    with ground.built(variant):
        found = found_in(ground, variant.look)
        if variant.look is Look.KEYED:
            keyless = found_in(ground, Look.FILE)
            assert variant.check not in {one.check for one in keyless}
    told = {(one.check, str(one.severity)) for one in found}
    assert (variant.check, variant.severity) in told, sorted(told)
    said = "".join(one.message for one in found)
    assert not any(word in said for word in SECRET_WORDS)


@pytest.mark.parametrize("variant", UNDECIDABLE, ids=str)
def test_what_nothing_can_tell_from_honest_work(ground: Ground, variant: Variant) -> None:
    """If this fails, verify has learnt to tell it: move the row to the others."""
    assert variant.why
    with ground.built(variant):
        found = found_in(ground, variant.look)
    assert [one for one in found if one.severity == "error"] == []
