"""At a terminal: values are masked, new ones are typed, and quitting writes nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from plana_secrets.cli.choosing import can_be_typed
from plana_secrets.document.kinds import SECRET_MANIFEST_SELECTOR
from plana_secrets.git.operation import Names
from plana_secrets.merging.openmerge import OpenMerge
from plana_secrets.merging.resolving import Case
from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Leaf, LeafType
from tests.cli.commands.resolve.sides import both_change, merge, stages
from tests.cli.terminal import run_at_terminal
from tests.merging.sides import rule
from tests.merging.teams import FILE, put
from tests.world import World


@pytest.mark.long
def test_at_a_terminal_the_values_are_masked_and_a_new_one_is_typed(world: World) -> None:
    both_change(world, driver=True)
    assert merge(world).status == 1
    answers = (
        ("[o]urs, [t]heirs, [e]dit or [q]uit?", "e\n"),
        ("new value of", "typed-value\n"),
        ("(again)", "typed-value\n"),
    )
    done = run_at_terminal(world, "resolve", answers=answers)
    assert done.status == 0, done.screen
    assert (
        "db.password was changed on both sides: ours (main) ***, theirs (theirs) ***" in done.screen
    )
    assert "-value" not in done.screen
    assert "password: typed-value" in world.decrypt(FILE)
    assert not stages(world)
    assert not list((world.repo / ".git/plana-secrets/merges").iterdir())


@pytest.mark.long
def test_what_cannot_be_the_value_is_typed_again_and_no_answer_before_it_is_lost(
    world: World,
) -> None:
    both_change(world, driver=True)
    put(world, "port", "2", FILE, "--type", "int")
    world.commit("port")
    assert merge(world).status == 1
    typed = [("3", "4"), ("three", "three"), ("", ""), ("3", "3")]
    answers = [("db.password: ", "t\n")]
    for first, again in typed:
        answers += [("port: ", "e\n"), ("new value of", f"{first}\n"), ("(again)", f"{again}\n")]
    done = run_at_terminal(world, "resolve", answers=answers)
    assert done.status == 0, done.screen
    for words in ("do not match", "not of type int", "is empty"):
        assert words in done.screen
    assert {"password: theirs-value", "port: 3"} <= {
        line.strip() for line in world.decrypt(FILE).splitlines()
    }


@pytest.mark.parametrize(
    ("path", "kind", "owner", "expected"),
    [
        (("stringData", "a"), LeafType.STR, None, True),
        (("stringData", "a"), LeafType.STR, "team/keyset", False),
        (("metadata", "name"), LeafType.STR, None, False),
        (("stringData", "a"), LeafType.NULL, None, False),
    ],
)
def test_a_new_value_is_asked_for_only_where_one_can_be_typed(
    path: LeafPath, kind: LeafType, owner: str | None, expected: bool
) -> None:
    merge = OpenMerge(FILE, "index", None, b"", b"", Names("main", "theirs"))
    case = Case(merge, rule(selector=SECRET_MANIFEST_SELECTOR), None, None, None)
    workspace: Any = SimpleNamespace(owned_leaf=lambda _file, _path: owner)
    leaf = Leaf(path, 1, kind, True, None, None)
    assert can_be_typed(workspace, case, leaf) is expected


@pytest.mark.long
def test_at_a_terminal_nothing_is_written_by_the_one_who_quits(world: World) -> None:
    both_change(world)
    merge(world)
    before = (world.repo / FILE).read_bytes()
    done = run_at_terminal(world, "resolve", answers=(("[q]uit?", "q\n"),))
    assert done.status == 2
    assert (world.repo / FILE).read_bytes() == before
