"""Bob, who leaves, what he could read, and what ``offboard`` tells of it."""

from __future__ import annotations

import json

import pyrage

from tests.offboarding.reference import reference
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
MAIL = "infra/secrets/dev/mail.yaml"
PROD = "infra/secrets/prod/shop.secret.yaml"
MANIFEST = (
    "apiVersion: v1\nkind: Secret\nmetadata:\n    name: shop\n    namespace: web\n"
    "stringData:\n    KEY: one\n"
)


def status(world: World, name: str = "bob", *argv: str) -> dict[str, tuple[str, str]]:
    """Place -> status and why."""
    found = report(world, name, *argv)
    return {f"{one['file']}#{one['path']}": (one["status"], one["why"]) for one in found["values"]}


def report(world: World, name: str = "bob", *argv: str) -> dict[str, object]:
    done = world.run("offboard", name, "--status", "--json", *argv)
    facts = json.loads(done.stdout)
    is_open = facts["open"] or facts["still_reads"]
    assert done.status == int(bool(is_open)), done
    return facts


def readable(world: World, leaver: pyrage.x25519.Identity) -> set[str]:
    """Every place of the history that the leaver's key opens."""
    return {f"{file}#{path}" for file, path in reference(world, [leaver])}


def keyless(world: World) -> None:
    world.key_file.write_text(f"{pyrage.x25519.Identity.generate()}\n")


def leave(world: World) -> None:
    assert world.run("recipients", "remove", "bob", "--commit").status == 0
