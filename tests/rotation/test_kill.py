"""A rotation killed with -9 before its effects, and the command after it.

A run is made once, and before each effect a copy is taken of all that it can touch:
what a kill there would leave. The lock is the kernel's, and dies with its process.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from plana_secrets.git.command import GitCommand
from plana_secrets.process import become_child
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.landing import Delivery
from plana_secrets.secretfiles.writing.writer import writing
from tests.rotation.examples import ACCEPTED, API, CALLER
from tests.rotation.fleet import Fleet

STRIDE = 1 if os.environ.get("PLANA_TEST_EVERY_KILL") else 4
"""Every fourth effect in everyday runs, which is minutes less; all of them on request."""

EFFECTS = ((os, "fsync"), (os, "replace"), (os, "unlink"), (GitCommand, "write"))


def copied_before_effects(
    action: Callable[[], object], places: Sequence[Path], album: Path
) -> list[Path]:
    """Run ``action`` in a child; a folder for every ``STRIDE``-th effect, with copies in it."""
    numbers = itertools.count()

    def filmed() -> None:
        for owner, name in EFFECTS:
            real = getattr(owner, name)

            def counted(*args: object, real: Callable = real, **options: object) -> object:
                number = next(numbers)
                if number % STRIDE == 0:
                    for place in places:
                        shutil.copytree(place, album / f"{number:04}" / place.name)
                return real(*args, **options)

            setattr(owner, name, counted)
        action()

    assert become_child(filmed) == 0
    return sorted(album.iterdir())


def state(fleet: Fleet) -> tuple[object, ...]:
    """Status of the keys and what the services read, by the real sops; torn files fail here."""
    kids = [one["id"] for one in json.loads(fleet.value(ACCEPTED))]
    fleet.value(CALLER)
    keys = [(key.kid, str(key.status)) for key in fleet.keyset(API).keys]
    return tuple(keys), tuple(kids)


@pytest.mark.parametrize("delivery", [Delivery(), Delivery(push=True)], ids=["files", "pushed"])
@pytest.mark.long
def test_a_killed_move_is_made_or_not_and_the_next_command_goes_on(
    fleet: Fleet, delivery: Delivery
) -> None:
    world = fleet.world
    remote = world.folder / "remote.git"
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=Delivery(commit=True))
    world.git("clone", "-q", "--bare", ".", str(remote))
    world.git("remote", "add", "origin", str(remote))
    world.git("fetch", "-q")
    places = (world.repo, remote)
    old = state(fleet)
    scenes = copied_before_effects(
        lambda: run_move(fleet.rotation(), API.name, delivery=delivery),
        places,
        world.folder / "album",
    )
    assert len(scenes) * STRIDE > 10
    seen: set[str] = set()
    for scene in scenes:
        for place in places:
            shutil.rmtree(place)
            (scene / place.name).rename(place)
        found = _look_after_the_kill(fleet, old, remote if delivery.push else None)
        if delivery.push and found not in seen:
            _go_on(fleet)
        seen.add(found)
    assert seen == ({"old", "new", "dated"} if delivery.push else {"old", "new"})


def _look_after_the_kill(fleet: Fleet, old: tuple[object, ...], remote: Path | None) -> str:
    """What the next command finds, once it has cleaned up: the old state, or the new one."""
    workspace = fleet.rotation().workspace
    with writing(workspace, "the next command"):
        pass
    now, keyset = state(fleet), fleet.keyset(API)
    store = fleet.rotation().store()
    assert store.differences(store.expected(keyset)) == []
    assert len(keyset.keys) <= 2
    if remote:
        assert fleet.is_clean()
        tips = fleet.world.git("rev-parse", "HEAD", "origin/main").split()
        landed = fleet.world.git("ls-remote", str(remote), "refs/heads/main").split()[0]
        assert tips == [landed, landed]
    if now == old:
        return "old"
    return "dated" if keyset.has_landed else "new"


def _go_on(fleet: Fleet) -> None:
    """The next run makes the move, or dates it, from whatever was left."""
    if len(fleet.keyset(API).keys) == 1:
        run_move(fleet.rotation(), API.name, delivery=Delivery(push=True))
    elif not fleet.keyset(API).has_landed:
        run_due(fleet.rotation(), delivery=Delivery(push=True))
    assert [key.since for key in fleet.keyset(API).keys] == [fleet.now, fleet.now]
    assert fleet.is_clean()
