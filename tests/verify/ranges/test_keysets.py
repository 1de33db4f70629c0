"""A keyset file is not removed by a change that keeps the keyset, in a range or in the index."""

from __future__ import annotations

import pytest

from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.policychange import Demanded
from plana_secrets.verify.ranges.keysets import compare_keysets
from tests.verify.ranges.inprocess import errors, verify_commits, warnings
from tests.world import World

FILE = "infra/secrets/keysets/app.yaml"
TARGET = "infra/secrets/prod/app.yaml"
TABLE = f'[keysets."app"]\nkind = "api-key"\naccepted = ["{TARGET}#accepted"]\n'


@pytest.fixture
def rotated(world: World) -> World:
    world.encrypt(TARGET, "other: x\n")
    world.encrypt(FILE, "value: x\n")
    (world.repo / "plana-secrets.toml").write_text(TABLE)
    world.commit()
    world.git("tag", "base")
    return world


def settings(world: World, text: str) -> None:
    (world.repo / "plana-secrets.toml").write_text(text)


def test_the_file_of_a_keyset_that_is_still_configured_is_not_removed(rotated: World) -> None:
    (rotated.repo / FILE).unlink()
    rotated.git("add", "-A")
    for argv in (["verify", "--staged"], ["hook", "run", "pre-commit"]):
        done = rotated.run(*argv)
        assert (done.status, FILE in done.stdout + done.stderr) == (1, True), done
    rotated.commit()
    assert errors(verify_commits(rotated, "base..")) == [("rotation-unreadable", FILE, None)]
    assert rotated.run("verify", "--staged").status == 0


def test_a_keyset_is_retired_by_taking_its_table_away_too(rotated: World) -> None:
    settings(rotated, "")
    rotated.commit()
    report = verify_commits(rotated, "base..")
    assert ("keyset-unknown", FILE, None) in warnings(report)
    (rotated.repo / FILE).unlink()
    rotated.commit()
    report = verify_commits(rotated, "base..")
    assert not [one for one in report.findings if one.file == FILE]
    assert not errors(report)


def test_a_keyset_that_moves_with_its_folder_is_not_removed(rotated: World) -> None:
    folder = "infra/secrets/keysets2"
    settings(rotated, f'[files]\nkeysets = "{folder}"\n{TABLE}')
    (rotated.repo / folder).mkdir()
    rotated.git("mv", FILE, f"{folder}/app.yaml")
    rotated.commit()
    found = [one.check for one in verify_commits(rotated, "base..").findings]
    assert "rotation-unreadable" not in found
    (rotated.repo / folder / "app.yaml").unlink()
    rotated.commit()
    found = [one.check for one in verify_commits(rotated, "base..").findings]
    assert "rotation-unreadable" in found


def demanded(folder: str, *names: str) -> Demanded:
    return Demanded(Policy(), FilesSettings(keysets=folder), keysets=names)


@pytest.mark.parametrize(
    ("before", "head", "old", "new", "found"),
    [
        (("a", "x"), ("a", "x"), {"a/x.yaml"}, {"a/x.yaml"}, []),
        (("a", "x"), ("a", "x"), {"a/x.yaml"}, set(), [("rotation-unreadable", "a/x.yaml")]),
        (("a", "x"), ("a", "x"), set(), set(), []),
        (("a", "x"), ("b", "x"), {"a/x.yaml"}, {"b/x.yaml"}, []),
        (("a", "x"), ("b", "x"), {"a/x.yaml"}, {"a/x.yaml"}, [("rotation-unreadable", "b/x.yaml")]),
        (("a", "x"), ("b", "x"), {"b/x.yaml"}, set(), [("rotation-unreadable", "b/x.yaml")]),
        (("a", "x", "y"), ("a", "x", "y"), {"a/x.yaml", "a/y.yaml"}, {"a/x.yaml"}, [("rotation-unreadable", "a/y.yaml")]),
        (("a", "x"), ("a",), {"a/x.yaml"}, {"a/x.yaml"}, [("keyset-unknown", "a/x.yaml")]),
        (("a", "x"), ("a",), {"a/x.yaml"}, set(), []),
        (("a",), ("a", "x"), {"a/x.yaml"}, set(), [("rotation-unreadable", "a/x.yaml")]),
    ],
)  # fmt: skip
def test_a_keyset_needs_its_file_as_long_as_it_has_a_table(
    before: tuple[str, ...],
    head: tuple[str, ...],
    old: set[str],
    new: set[str],
    found: list[tuple[str, str]],
) -> None:
    findings = compare_keysets(demanded(*before), demanded(*head), old, new)
    assert [(one.check, one.file) for one in findings] == found
