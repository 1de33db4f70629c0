"""A place that a keyset was adopted from goes nowhere without a word."""

from __future__ import annotations

import json

from plana_secrets.config import load_settings
from plana_secrets.rotation.inforce import Left
from plana_secrets.rotation.store import KeysetStore
from tests.secretfiles.conftest import make_workspace
from tests.world import World

OLD, NEW = "infra/secrets/prod/old.yaml", "infra/secrets/prod/new.yaml"
PLACE = f"{OLD}#app.key"
TARGET = "infra/secrets/prod/app.yaml"
SETTINGS = f'[keysets.app]\nkind = "jwt-hs256"\ntargets = ["{TARGET}#jwt"]\n'


def left(world: World) -> Left:
    workspace = make_workspace(world)
    store = KeysetStore(workspace, load_settings(world.repo).keysets)
    return store.left(store.load("app"))


def test_a_value_is_held_under_another_name_and_not_moved_unasked(world: World) -> None:
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.encrypt(OLD, f"app:\n    key: {'s3cr3t' * 8}\n    other: x\n")
    world.encrypt(TARGET, "a: b\n")
    world.commit()
    assert world.run("rotate", "init", "app", "--adopt", PLACE, "--commit").status == 0
    for source, target in ((PLACE, NEW), (OLD, NEW)):
        refused = json.loads(world.run("mv", source, target, "--json").stdout)
        assert (refused["kind"], PLACE in refused["message"]) == ("adopted-path", True)
        assert f"plana-secrets unset '{OLD}#app.key'" in refused["hint"]
    assert world.run("mv", f"{OLD}#app.other", TARGET).status == 0
    assert left(world) == Left(adopted=(PLACE,))
    world.git("mv", OLD, NEW)
    assert left(world) == Left(adopted=(f"{NEW}#app.key",))
    world.run("unset", NEW, "app.key")
    assert left(world) == Left()
    assert world.run("mv", NEW, OLD).status == 0
