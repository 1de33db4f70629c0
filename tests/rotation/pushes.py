"""A keyset that was pushed, and what is on the remote."""

from __future__ import annotations

from pathlib import Path

from plana_secrets.rotation.initialise import init_keyset
from tests.rotation.examples import API, FRESH, PUSH
from tests.rotation.fleet import Fleet

KEYSET_FILE = "infra/secrets/keysets/pulse-data/portal.yaml"


def dated(fleet: Fleet) -> list[bool]:
    return [key.since is not None for key in fleet.keyset(API).keys]


def tip(fleet: Fleet, place: Path) -> str:
    return fleet.world.git("ls-remote", str(place), "refs/heads/main").split()[0]


def head(fleet: Fleet) -> str:
    return fleet.world.git("rev-parse", "HEAD").strip()


def started(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    fleet.pass_time(hours=1)


def commit_by_hand(fleet: Fleet, *argv: str) -> None:
    if argv:
        fleet.world.sops(*argv)
    fleet.world.commit("by hand")
