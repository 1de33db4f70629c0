"""Two keysets in one list, each rotated on a side, and one that both sides rotated."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from plana_secrets.rotation.apply import run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from tests.merging.teams import use_driver
from tests.rotation.conftest import fleet
from tests.rotation.examples import ACCEPTED, API, COMMIT, places
from tests.rotation.fleet import PORTAL, PROVIDER, Fleet

__all__ = ["fleet"]

BATCH = replace(API, name="pulse-data/batch", callers=places(f"{PORTAL}#stringData.BATCH"))
SETTINGS = """\
[keysets."pulse-data/portal"]
kind = "api-key"
accepted = ["{accepted}"]
callers = ["{portal}#stringData.API_KEY_PULSE_DATA"]

[keysets."pulse-data/batch"]
kind = "api-key"
accepted = ["{accepted}"]
callers = ["{portal}#stringData.BATCH"]
"""


@pytest.fixture
def two(fleet: Fleet) -> Fleet:
    """Both keysets in one list, with an entry that is of neither, and the merge driver."""
    world = fleet.world
    fleet.policies = (API, BATCH)
    path = "infra/secrets/prod/pulse-portal.secret.yaml"
    text = SETTINGS.format(accepted=ACCEPTED, portal=path)
    (world.repo / "plana-secrets.toml").write_text(text)
    use_driver(world)
    entries = json.dumps(json.dumps([{"id": "old", "value": "0123456789abcdef"}]))
    world.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', entries)
    world.commit("settings")
    for policy in fleet.policies:
        init_keyset(fleet.rotation(), policy.name, Source(fresh=True), delivery=COMMIT)
    fleet.pass_time(days=100)
    return fleet


def rotate(fleet: Fleet, name: str, move: Move = Move.PUBLISH) -> None:
    run_move(fleet.rotation(), name, move, delivery=COMMIT)


def on_side(fleet: Fleet, *names: str) -> None:
    fleet.world.git("switch", "-q", "-c", "theirs")
    fleet.branch = "theirs"
    for name in names:
        rotate(fleet, name)
    fleet.world.git("switch", "-q", "main")
    fleet.branch = "main"


def ids(fleet: Fleet) -> list[str]:
    entries: list[dict[str, Any]] = json.loads(fleet.value(ACCEPTED))
    return [one["id"] for one in entries]


def is_right(fleet: Fleet) -> bool:
    store = fleet.rotation().store()
    return not any(
        store.differences(store.expected(store.load(policy.name))) for policy in fleet.policies
    )


@pytest.mark.long
@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick", "without the driver"])
def test_each_side_rotated_another_keyset_of_one_list(two: Fleet, operation: str) -> None:
    world = two.world
    on_side(two, BATCH.name)
    rotate(two, API.name)
    if operation == "without the driver":
        world.git("config", "--remove-section", "merge.plana-secrets")
    if operation == "rebase":
        world.git("switch", "-q", "theirs")
    words = {"rebase": ["rebase", "-q", "main"], "cherry-pick": ["cherry-pick", "theirs"]}
    command = words.get(operation, ["merge", "-q", "--no-edit", "theirs"])
    done = world.command("git", *command, check=False)
    assert (done.status == 0) == (operation in {"merge", "rebase"}), done
    if done.status != 0:
        done = world.run("resolve")
        assert done.status == 0, done
        world.command("git", "commit", "-q", "--no-edit")
    keys = [
        key.kid
        for policy in sorted(two.policies, key=lambda one: one.name)
        for key in two.keyset(policy).keys
    ]
    assert (len(keys), ids(two)) == (4, [*keys, "old"])
    assert is_right(two)


@pytest.mark.long
def test_a_list_follows_the_side_that_was_taken_of_a_keyset(two: Fleet) -> None:
    """The key of the other side is in no keyset, so it must not be in the list."""
    world = two.world
    on_side(two, API.name, BATCH.name)
    rotate(two, API.name)
    ours = two.keyset(API)
    assert world.command("git", "merge", "-q", "--no-edit", "theirs", check=False).status == 1
    asked = json.loads(world.run("resolve", "--json").stdout)
    reasons = {(one["file"], c["reason"]) for one in asked["files"] for c in one["conflicts"]}
    file = two.rotation().store().file(API.name)
    assert reasons == {(file, "two-moves"), (PROVIDER, "both-changed")}
    assert world.run("resolve", file, "--all", "--ours").status == 0
    assert world.run("resolve").status == 0
    world.git("commit", "-q", "--no-edit")
    assert two.keyset(API) == ours
    assert is_right(two)


@pytest.mark.long
def test_entries_without_a_keyset_that_both_changed_are_asked_about(two: Fleet) -> None:
    world = two.world

    def add(name: str) -> None:
        entries = json.loads(two.value(ACCEPTED))
        entries.append({"id": name, "value": "0123456789abcdef" + name})
        value = json.dumps(json.dumps(entries, separators=(",", ":")))
        world.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', value)
        world.commit(name)

    world.git("switch", "-q", "-c", "theirs")
    add("their")
    world.git("switch", "-q", "main")
    rotate(two, API.name)
    assert world.command("git", "merge", "-q", "--no-edit", "theirs", check=False).status == 0
    assert ids(two)[-2:] == ["old", "their"]
    assert is_right(two)
    world.git("reset", "-q", "--hard", "HEAD~1")
    two.pass_time(days=1)
    add("our")
    assert world.command("git", "merge", "-q", "--no-edit", "theirs", check=False).status == 1
    (one,) = json.loads(world.run("resolve", "--json").stdout)["files"]
    assert [conflict["reason"] for conflict in one["conflicts"]] == ["both-changed"]
