"""What two sides are compared with where branches were merged into each other."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from plana_secrets.errors import MalformedError
from plana_secrets.merging.bases import base_of, bundle, is_bundle, open_base, unknown_base
from plana_secrets.merging.plan import Plan, plan_merge
from plana_secrets.merging.sides import Side
from plana_secrets.merging.versions import Versions
from tests.document.test_merge import Tree
from tests.merging.sides import rule, side
from tests.merging.teams import FILE, on_branch, put, start
from tests.merging.test_driver import merge
from tests.merging.test_plan import never
from tests.world import World


def opener(**trees: Tree) -> Callable[[bytes], Side]:
    return lambda data: side(trees[data.decode()])


def merged(base: Side | None, ours: Tree, theirs: Tree, **choices: Any) -> Plan:
    return plan_merge(base, side(ours), side(theirs), rule(), is_revoked=never, **choices)


def conflicts(plan: Plan) -> list[str]:
    return [str(one) for one in plan.conflicts]


def test_a_bundle_is_the_merge_of_what_is_in_it() -> None:
    """What one of the bases brought is no change of a side, and its removal is one."""
    trees = {"z": {"a": "1"}, "x": {"a": "1", "x": "1"}, "y": {"a": "1", "y": "1"}}
    base = open_base(bundle(Versions(b"z", b"x", b"y")), opener(**trees))
    assert base is not None
    both = {"a": "1", "x": "1", "y": "1"}
    plan = merged(base, {"a": "1", "y": "1"}, {**both, "y": "2"})
    assert plan.content is not None
    assert [path for path, _ in plan.content.leaves().items()] == [("a",), ("y",)]
    assert not plan.conflicts


@pytest.mark.parametrize("depth", [1, 2])
def test_what_two_bases_do_not_agree_on_is_asked_and_nothing_else(depth: int) -> None:
    trees = {"z": {"a": "1", "b": "1"}, "x": {"a": "2", "b": "1"}, "y": {"a": "3", "b": "2"}}
    data = bundle(Versions(b"z", b"x", b"y"))
    if depth == 2:
        data = bundle(Versions(b"z", data, data))
    base = open_base(data, opener(**trees))
    same = {"a": "2", "b": "2"}
    assert merged(base, same, {**same, "b": "3"}).conflicts == ()
    assert conflicts(merged(base, same, {**same, "a": "3"})) == ["a was changed on both sides"]
    assert conflicts(merged(base, {"b": "2"}, same)) == ["a was changed on both sides"]


FILES = {"z": b"before", "x": b"here", "y": b"there", "w": b"here", "v": None, "u": b"more"}


@pytest.mark.parametrize(
    ("bases", "further", "data"),
    [
        ([], [], None),
        (["x"], [], b"here"),
        (["v"], [], None),
        (["x", "w"], [], b"here"),
        (["x", "y"], ["z"], bundle(Versions(b"before", b"here", b"there"))),
        (["x", "y"], [], bundle(Versions(None, b"here", b"there"))),
        (["x", "v"], ["z"], b"no one version is the base\n"),
        (["v", "x"], ["z"], b"no one version is the base\n"),
        (["x", "w", "u"], ["z"], b"no one version is the base\n"),
    ],
)
def test_of_several_bases_the_base_is_their_merge(
    bases: list[str], further: list[str], data: bytes | None
) -> None:
    repository: Any = SimpleNamespace(merge_bases=lambda *_: further)
    assert base_of(repository, bases, lambda one: FILES[one or ""]) == data


def test_a_bundle_in_which_a_version_is_missing_is_read_as_what_it_is() -> None:
    whole = bundle(Versions(b"z", b"x", b"y"))
    assert is_bundle(whole)
    assert not is_bundle(b" " + whole)
    seen: list[bytes] = []

    def opened(data: bytes) -> Side:
        seen.append(data)
        return side({})

    for broken in (
        whole[:-1],
        whole.replace(b'"theirs"', b'"other"'),
        whole.replace(b'"eQ=="', b"1"),
    ):
        open_base(broken, opened)
    assert len(seen) == 3


def test_without_a_base_that_is_known_a_removal_is_asked_about() -> None:
    ours, theirs = {"a": "1", "m": {"x": "1"}}, {"a": "1", "b": "2", "m": "1"}
    plan = merged(unknown_base(side(ours), side(theirs)), ours, theirs)
    assert sorted(conflicts(plan)) == ["b was changed on both sides", "m was changed on both sides"]
    assert merged(unknown_base(side(ours), side(ours)), ours, ours).content is not None


def test_what_is_no_bundle_is_opened_as_it_is_and_said_to_be_wrong() -> None:
    def opened(data: bytes) -> Side:
        raise MalformedError("not that", kind="defects")

    for data in (b"x", b'{"plana-secrets": "merge-bases/1"', bundle(Versions(None, b"x", b"y"))):
        with pytest.raises(MalformedError):
            open_base(data, opened)


def cross(world: World) -> None:
    """Each of two branches is merged into the other, then ours removes what came from theirs."""
    start(world, "a: x\nkeep: x\n")
    on_branch(world, "theirs", lambda: put(world, "theirs", "x"))
    put(world, "ours", "x")
    before = world.commit("ours")
    assert merge(world, "theirs").status == 0
    world.git("switch", "-q", "theirs")
    assert merge(world, before).status == 0
    put(world, "keep", "y")
    world.commit("theirs again")
    world.git("switch", "-q", "main")
    assert world.run("unset", FILE, "theirs").status == 0
    world.commit("ours again")


@pytest.mark.long
@pytest.mark.parametrize("how", ["driver", "index", "commit"])
def test_a_value_that_was_removed_after_a_criss_cross_does_not_come_back(
    world: World, how: str
) -> None:
    cross(world)
    if how != "driver":
        world.git("config", "--remove-section", "merge.plana-secrets")
    done = merge(world, "theirs")
    assert done.status == (0 if how == "driver" else 1)
    if how == "commit":
        world.git("commit", "-qam", "markers")
    if how != "driver":
        assert world.run("resolve", FILE).status == 0
    assert world.decrypt(FILE) == 'a: x\nkeep: "y"\nours: x\n'
