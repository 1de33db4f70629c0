"""The keysets of a shop, and the program at a time of its own."""

from __future__ import annotations

import json

from tests.rotation.fleet import PORTAL, PROVIDER
from tests.world import PROGRAM, Result, World

NAME = "shop/portal"
SETTINGS = f"""\
[keysets."{NAME}"]
kind = "api-key"
accepted = ["{PROVIDER}#stringData.API_KEYS_ACCEPTED"]
callers = ["{PORTAL}#stringData.API_KEY"]

[keysets."shop/jwt"]
kind = "jwt-hs256"
targets = ['{PROVIDER}#stringData["jwt.json"]']
"""


def run_at(world: World, offset: str, *argv: str) -> Result:
    """The program with a clock that is ``offset`` ahead (sops and git keep the real one)."""
    return world.command("faketime", "-f", offset, *PROGRAM, *argv, check=False)


def as_json(result: Result) -> dict:
    assert result.status in {0, 1}, result
    return json.loads(result.stdout)


def keyset(world: World, offset: str = "+0") -> dict:
    listed = as_json(run_at(world, offset, "--json", "rotate", "list"))
    return next(one for one in listed["keysets"] if one["name"] == NAME)


def value(world: World, file: str, key: str) -> str:
    shown = world.sops("decrypt", "--output-type", "json", file).stdout
    return json.loads(shown)["stringData"][key]
