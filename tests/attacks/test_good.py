"""No error, and no warning but those named, in ordinary files and changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.age.identities import parse_identity_file
from plana_secrets.secret import Secret
from plana_secrets.verify.finding import Finding
from tests.attacks.good import CHANGES, FILES, VECTORS, Good, place_vectors
from tests.attacks.ground import Ground
from tests.attacks.variant import Look, found_in
from tests.sops.test_reader_laws import maps
from tests.verify.inprocess import verify


def wrong(found: list[Finding], good: Good | None = None) -> list[Finding]:
    """What must not be found: errors, and warnings that are not named."""
    warns = good.warns if good is not None else frozenset()
    return [
        one
        for one in found
        if one.severity == "error" or (one.severity == "warning" and one.check not in warns)
    ]


@pytest.mark.long
def test_ordinary_files(ground: Ground) -> None:
    try:
        for good in FILES:
            good.build(ground)
        found = found_in(ground, Look.KEYED)
    finally:
        ground.reset()
    for good in FILES:
        assert wrong([one for one in found if one.file == good.file], good) == [], good.name
    assert wrong([one for one in found if one.file not in {good.file for good in FILES}]) == []


@pytest.mark.long
@pytest.mark.parametrize("good", CHANGES, ids=str)
def test_an_ordinary_change(ground: Ground, good: Good) -> None:
    try:
        good.build(ground)
        ground.world.git("add", "-A")
        ground.world.git("commit", "-q", "--allow-empty", "-m", "a change")
        assert wrong(found_in(ground, Look.RANGE), good) == []
        assert wrong(found_in(ground, Look.INDEX), good) == []
    finally:
        ground.reset()


def test_files_of_every_version_with_every_selector_in_several_roots(ground: Ground) -> None:
    identity = (VECTORS / "public-demo-identity.txt").read_bytes()
    try:
        ground.remove(*ground.secret_files())
        names = place_vectors(ground)
        report = verify(ground.world, identities=parse_identity_file(Secret(identity), "the demo"))
    finally:
        ground.reset()
    assert (report.files, report.level.name) == (len(names), "L3")
    assert [one for one in report.findings if one.severity == "error"] == []
    blank = {"empty-value", "null-value", "empty-container", "copied-file"}
    assert {one.check for one in report.findings if one.severity == "warning"} <= blank


@pytest.mark.long
@settings(max_examples=4)
@given(st.lists(maps(), min_size=4, max_size=4))
def test_whatever_sops_encrypts_by_the_rules(ground: Ground, documents: list[str]) -> None:
    blank = {"empty-value", "null-value", "empty-container", "value-in-key-name", "twin-keys"}
    try:
        for number, text in enumerate(documents):
            ground.world.encrypt(f"infra/secrets/prod/x{number}.yaml", text)
        found = found_in(ground, Look.KEYED)
        assert [one for one in wrong(found) if one.check not in blank] == []
    finally:
        ground.reset()
