"""``rotate list`` and ``plan``: the state and what is due, also without an identity."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.commands.rotate.shop import NAME, SETTINGS, as_json, keyset, run_at
from tests.world import World


def test_the_shape_of_the_list_is_fixed(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    listed = as_json(shop.run("rotate", "list", "--json"))
    assert listed["schema"] == "plana-secrets/rotate-list/1"
    assert [one["name"] for one in listed["keysets"]] == ["shop/jwt", NAME]
    one = listed["keysets"][1]
    fixed = {"name", "kind", "phase", "keys", "next", "overdue"}
    assert fixed <= set(one)
    assert {"move", "not_before", "waiting_for"} <= set(one["next"])
    assert {"kid", "status", "since"} == set(one["keys"][0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["keys"][0]["since"])
    assert (one["phase"], one["overdue"], one["next"]["move"]) == ("stable", False, "publish")


@pytest.mark.long
def test_looking_ends_with_0_unless_asked_to_check(shop: World) -> None:
    assert shop.run("rotate", "list").status == 0
    assert shop.run("rotate", "list", "--check").status == 1
    for name in (NAME, "shop/jwt"):
        shop.run("rotate", "init", name, "--fresh", "--commit")
    assert shop.run("rotate", "list", "--check").status == 0
    assert run_at(shop, "+91d", "rotate", "list").status == 0
    assert run_at(shop, "+91d", "rotate", "list", "--check").status == 1
    assert keyset(shop, "+91d")["overdue"] is True


def test_without_an_identity_the_state_is_readable_and_said_to_be_unproven(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    blind = {"SOPS_AGE_KEY_FILE": "/dev/null"}
    listed = shop.run("--json", "rotate", "list", env=blind)
    one = json.loads(listed.stdout)["keysets"][1]
    assert (one["phase"], one["authenticated"]) == ("stable", False)
    refused = shop.run("rotate", "run", "--due", "--commit", env=blind)
    assert refused.status == 4


@pytest.mark.long
def test_waits_that_the_settings_no_longer_say_are_shown(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    shop.run("rotate", "run", NAME, "--commit")
    (shop.repo / "plana-secrets.toml").write_text(
        SETTINGS.replace('kind = "api-key"', 'kind = "api-key"\ndrain = "5m"\nrollout = "5m"')
    )
    shop.commit("faster")
    planned = shop.run("rotate", "plan", NAME).stdout
    assert "  rollout is 30m until this rotation ends (settings: 5m)" in planned.splitlines()
    assert f"{NAME}: drain is 1h until" in shop.run("rotate", "list").stderr
    assert keyset(shop)["waits"]["rollout"] == {"in_force": "30m", "configured": "5m"}
    assert "rollout is" not in shop.run("rotate", "plan", "shop/jwt").stdout
