"""The files that bob reads too, and a newcomer, eve."""

from __future__ import annotations

import pyrage

from plana_secrets.age.identities import Identity
from tests.world import DEFAULT_RULES, World

APP = "infra/secrets/dev/app.yaml"
MAIL = "infra/secrets/dev/mail.yaml"
SETTINGS = "plana-secrets.toml"
EVE = pyrage.x25519.Identity.generate()
KEY = str(EVE.to_public())


def remove_bob(world: World) -> str:
    """From the rules; his public key."""
    key = str(world.others.pop().to_public())
    world.write_rules(DEFAULT_RULES)
    return key


def contents(world: World) -> list[bytes]:
    return [(world.repo / file).read_bytes() for file in (APP, MAIL)]


def texts(world: World) -> tuple[str, str]:
    return (world.repo / ".sops.yaml").read_text(), (world.repo / SETTINGS).read_text()


def key_file(world: World, identity: Identity | pyrage.x25519.Identity) -> str:
    text = identity.text.reveal_text() if isinstance(identity, Identity) else str(identity)
    path = world.folder / "key.txt"
    path.write_text(f"{text}\n")
    return str(path)


def opens(world: World, identity: Identity | pyrage.x25519.Identity, file: str = APP) -> bool:
    argv = ["get", file, "password", "--identity-file", key_file(world, identity)]
    return world.run(*argv).status == 0


def head(world: World) -> str:
    return world.git("rev-parse", "HEAD").strip()
