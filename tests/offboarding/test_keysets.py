"""Keys of keysets that a leaver could read: which moves replaced them."""

from __future__ import annotations

import re
import time

import pyrage
import pytest

from tests.offboarding.leaver import APP, MAIL, status
from tests.world import DEFAULT_RULES, World


def make_portal(world: World, accepted: str, portal: str) -> None:
    """A keyset with one target in each of two new files; bob reads all of it."""
    bob = pyrage.x25519.Identity.generate()
    world.others.append(bob)
    world.write_rules(DEFAULT_RULES)
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{bob.to_public()}"\nkind = "staff"\n'
        '[keysets."shop/portal"]\nkind = "api-key"\nrollout = "0s"\ndrain = "0s"\n'
        f'accepted = ["{accepted}#ACCEPTED"]\ncallers = ["{portal}#KEY"]\n'
    )
    for file in (accepted, portal):
        world.encrypt(file, "x: y\n")
    world.commit()
    assert world.run("rotate", "init", "shop/portal", "--fresh", "--commit").status == 0


@pytest.mark.long
def test_keys_of_keysets_by_their_moves(world: World) -> None:
    portal = "infra/secrets/prod/portal.yaml"
    make_portal(world, APP, portal)
    assert world.run("recipients", "remove", "bob", "--commit").status == 0
    (old,) = re.findall(r"keys\.(\w+)\.value", str(list(status(world))))
    assert status(world)[f"{portal}#KEY"] == ("open", f"key {old} is active")
    for move in ("publish", "promote"):
        assert world.run("rotate", "run", "shop/portal", move, "--commit").status == 0
        assert status(world)[f"{APP}#ACCEPTED"][0] == "open"
    assert world.run("rotate", "run", "shop/portal", "retire", "--commit").status == 0
    found = status(world)
    assert found[f"{APP}#ACCEPTED"] == ("rotated", f"out of use: {old}")
    assert found[f"infra/secrets/keysets/shop/portal.yaml#keys.{old}.value"][0] == "rotated"


@pytest.mark.long
def test_the_key_of_the_last_commit_that_was_readable(world: World) -> None:
    """Publish changes the keyset and a target in one commit; bob could read both."""
    accepted, portal = "infra/secrets/prod/z.yaml", "infra/secrets/prod/portal.yaml"
    make_portal(world, accepted, portal)
    assert world.run("rotate", "run", "shop/portal", "publish", "--commit").status == 0
    assert world.run("recipients", "remove", "bob", "--commit").status == 0
    for move in ("promote", "retire"):
        assert world.run("rotate", "run", "shop/portal", move, "--commit").status == 0
    found = status(world)
    assert found[f"{accepted}#ACCEPTED"][0] == "open"
    assert found[f"{portal}#KEY"][0] == "rotated"


@pytest.mark.long
def test_the_key_that_was_there_then_whatever_another_branch_had(world: World) -> None:
    """Bob read the target again when a branch, not merged, had already gone back."""
    make_portal(world, APP, MAIL)
    assert world.run("rotate", "run", "shop/portal", "publish", "--commit").status == 0
    world.git("checkout", "-q", "-b", "side")
    assert world.run("rotate", "run", "shop/portal", "abort", "--commit").status == 0
    world.git("checkout", "-q", "main")
    world.run("set", APP, "more", "--generate", "hex:8")
    time.sleep(1.1)  # the newest commit but one is that of the branch
    world.commit()
    assert world.run("recipients", "remove", "bob", "--commit").status == 0
    for move in ("promote", "retire"):
        assert world.run("rotate", "run", "shop/portal", move, "--commit").status == 0
    assert status(world)[f"{APP}#ACCEPTED"][0] == "open"
