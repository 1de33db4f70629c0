"""What no sops wrote into a file since HEAD: in the work tree and in the index, with and without
a key, and nothing where sops or a merge wrote it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from plana_secrets.secretfiles.snapshot import index
from plana_secrets.verify.ranges.staged import verify_index
from plana_secrets.verify.report import Report
from plana_secrets.verify.run import Demand
from tests.verify.inprocess import NO_IDENTITY, verify, workspace_of
from tests.verify.ranges.inprocess import errors
from tests.world import World

APP, LIST = "infra/secrets/dev/app.yaml", "infra/secrets/dev/list.yaml"
WORDS = 'port: "5432"\nflag: "True"\nnumber: 5\nok: true\nwhen: 2026-01-02T03:04:05Z\nnone: null\nlast: x\n'
RETYPED = [
    ("port", "str", "int"),
    ("flag", "str", "bool"),
    ("number", "int", "float"),
    ("ok", "bool", "str"),
    ("when", "time", "str"),
]
BOTH = ("changed-without-sops", "reshaped-value")


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, WORDS)
    world.encrypt(LIST, "a: one\nb:\n    - two\n")
    world.commit()
    return world


def verify_staged(world: World) -> Report:
    place = index(workspace_of(world, NO_IDENTITY))
    return verify_index(place, Demand(), now=datetime.now(UTC))


def alike(world: World) -> list[tuple[str, str | None, str | None]]:
    """The same in the work tree, by a key and without, and in the index."""
    found = errors(verify(world))
    assert errors(verify(world, identities=NO_IDENTITY)) == found
    world.git("add", "--all")
    assert errors(verify_staged(world)) == found
    return found


def word(key: str, old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        line = next(one for one in text.splitlines() if one.startswith(f"{key}:"))
        return text.replace(line, line.replace(f"type:{old}", f"type:{new}"))

    return change


def test_what_a_key_does_not_show(small: World) -> None:
    """Every type, in turn, and a list around a value."""
    target = small.repo / APP
    for key, old, new in RETYPED:
        target.write_text(word(key, old, new)(target.read_text()))
    target.write_text(target.read_text().replace("last: ", "last:\n    - "))
    paths = [*(key for key, _, _ in RETYPED), "last[0]"]
    assert alike(small) == [
        ("changed-without-sops", APP, "port"),
        *(("reshaped-value", APP, path) for path in paths),
    ]


def test_a_null_or_an_empty_map_that_no_sops_wrote(small: World) -> None:
    target = small.repo / APP
    text = target.read_text()
    for changed, path in (
        (text.replace("none: null\n", ""), None),
        (f"more: {{}}\n{text}", "more"),
    ):
        target.write_text(changed)
        assert errors(verify(small)) == [("changed-without-sops", APP, path)]


@pytest.mark.long
def test_a_file_that_was_renamed_is_compared_by_its_mac(small: World) -> None:
    moved, target = "infra/secrets/dev/moved.yaml", small.repo / APP
    (small.repo / moved).write_text(word("port", "str", "int")(target.read_text()))
    target.unlink()
    assert alike(small) == [(check, moved, "port") for check in BOTH]


def test_what_is_wrong_by_itself_is_named_once(small: World) -> None:
    target = small.repo / APP
    text = target.read_text()
    target.write_text(text.replace("port: ENC", "port: by-hand #", 1))
    assert {one[0] for one in errors(verify(small))} == {"not-encrypted", "plain-comment"}
    lines = text.splitlines(keepends=True)
    target.write_text("".join([lines[1], lines[0], *lines[2:]]))
    assert [one[0] for one in errors(verify(small))] == ["mac-mismatch"]
    assert [one[0] for one in errors(verify(small, identities=NO_IDENTITY))] == [BOTH[0]]


def test_what_sops_writes_is_no_finding(small: World) -> None:
    small.sops("set", APP, '["port"]', "5433")
    small.sops("set", LIST, '["b"]', '{"c": "three"}')
    small.encrypt("infra/secrets/dev/new.yaml", "a: one\n")
    small.git("mv", LIST, "infra/secrets/dev/moved.yaml")
    assert alike(small) == []


def test_what_a_merge_takes_as_it_is_was_written_there(small: World) -> None:
    small.git("checkout", "-q", "-b", "side")
    target = small.repo / APP
    target.write_text(word("port", "str", "int")(target.read_text()))
    small.commit()
    small.git("checkout", "-q", "main")
    small.encrypt("infra/secrets/dev/new.yaml", "a: one\n")
    small.commit()
    small.git("merge", "-q", "--no-commit", "--no-ff", "side")
    assert alike(small) == []
    target.write_text(word("flag", "str", "bool")(target.read_text()))
    assert {one[2] for one in alike(small)} == {"port", "flag"}


def test_what_is_back_as_git_had_it_is_no_finding(small: World) -> None:
    """It was HEAD that an editor changed: the file is repaired, and not committed yet."""
    target = small.repo / APP
    sound = target.read_text()
    for key, old, new in RETYPED:
        target.write_text(word(key, old, new)(target.read_text()))
    small.commit()
    target.write_text(sound)
    assert alike(small) == []
