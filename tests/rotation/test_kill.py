"""A rotation killed with -9 before its effects, and the command after it."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.git.command import GitCommand
from plana_secrets.process import become_child
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.landing import Delivery
from plana_secrets.secretfiles.change import writing
from tests.rotation.conftest import Fleet
from tests.rotation.examples import ACCEPTED, API, CALLER

STRIDE = 1 if os.environ.get("PLANA_TEST_EVERY_KILL") else 4
"""Every fourth effect in everyday runs, which is minutes less; all of them on request."""

EFFECTS = ((os, "fsync"), (os, "replace"), (os, "unlink"), (GitCommand, "write"))


def killed_before_effect(number: int, action: Callable[[], object]) -> int:
    """Run ``action`` in a child that dies before its effect ``number``; how the child ended."""

    def doomed() -> None:
        left = number
        for owner, name in EFFECTS:
            real = getattr(owner, name)

            def counted(*args: object, real: Callable = real, **options: object) -> object:
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **options)

            setattr(owner, name, counted)
        action()

    return become_child(doomed)


def state(fleet: Fleet) -> tuple[object, ...]:
    """Status of the keys and what the services read, by the real sops; torn files fail here."""
    kids = [one["id"] for one in json.loads(fleet.value(ACCEPTED))]
    fleet.value(CALLER)
    keys = [(key.kid, str(key.status)) for key in fleet.keyset(API).keys]
    return tuple(keys), tuple(kids)


@pytest.mark.parametrize("delivery", [Delivery(), Delivery(push=True)], ids=["files", "pushed"])
def test_a_killed_move_is_made_or_not_and_the_next_command_goes_on(
    fleet: Fleet, delivery: Delivery
) -> None:
    world = fleet.world
    remote = world.folder / "remote.git"
    init_keyset(fleet.rotation(), API.name, Source(fresh=True), delivery=Delivery(commit=True))
    world.git("clone", "-q", "--bare", ".", str(remote))
    world.git("remote", "add", "origin", str(remote))
    world.git("fetch", "-q")
    saved = world.folder / "saved"
    for folder in (world.repo, remote):
        shutil.copytree(folder, saved / folder.name)
    old, seen, number = state(fleet), set(), 1 - STRIDE
    while True:
        number += STRIDE
        status = killed_before_effect(
            number, lambda: run_move(fleet.rotation(), API.name, delivery=delivery)
        )
        if status != -signal.SIGKILL:
            break
        _look_after_the_kill(fleet, old, seen, remote if delivery.push else None)
        for folder in (world.repo, remote):
            shutil.rmtree(folder)
            shutil.copytree(saved / folder.name, folder)
    assert status == 0
    assert number > 10
    assert seen == {"old", "new"}


def _look_after_the_kill(
    fleet: Fleet, old: tuple[object, ...], seen: set[str], remote: Path | None
) -> None:
    workspace = fleet.rotation().workspace
    with writing(workspace, "the next command"):
        pass
    now = state(fleet)
    seen.add("old" if now == old else "new")
    store = fleet.rotation().store()
    assert store.differences(store.expected(fleet.keyset(API))) == []
    assert len(fleet.keyset(API).keys) <= 2
    if remote:
        assert fleet.is_clean()
        tips = fleet.world.git("rev-parse", "HEAD", "origin/main").split()
        landed = fleet.world.git("ls-remote", str(remote), "refs/heads/main").split()[0]
        assert tips[0] == landed
        if now == old:
            run_move(fleet.rotation(), API.name, delivery=Delivery(push=True))
        elif not fleet.keyset(API).has_landed:
            run_due(fleet.rotation(), delivery=Delivery(push=True))
        assert [key.since for key in fleet.keyset(API).keys] == [fleet.now, fleet.now]
