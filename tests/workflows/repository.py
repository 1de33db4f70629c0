"""A repository of a forge, and what people do in it."""

from __future__ import annotations

from collections.abc import Callable

from tests.verify.inprocess import write
from tests.workflows.runner import Event, Forge
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"


class Repository:
    """A clone of the forge's repository, with what a person does in it."""

    def __init__(self, forge: Forge, world: World) -> None:
        self.world = world
        world.encrypt(APP, "password: pa55\n")
        world.commit()
        world.git("remote", "add", "origin", str(forge.repository("secrets")))
        world.git("push", "-q", "origin", "main")
        self.secrets = {"SOPS_AGE_KEY": str(world.identity)}

    def head(self) -> str:
        return self.world.git("rev-parse", "HEAD").strip()

    def pull_request(self, *changes: Callable[[], object]) -> Event:
        """From a fork: its commits, one a change, are only in ``refs/pull/1/merge``."""
        base = self.head()
        self.world.git("checkout", "-q", "--detach")
        for change in changes:
            change()
            self.world.commit()
        head = self.head()
        self.world.git("checkout", "-q", "--detach", base)
        self.world.git("merge", "-q", "--no-ff", head, "-m", "merge")
        merge = self.head()
        self.world.git("push", "-q", "-f", "origin", "HEAD:refs/pull/1/merge")
        self.world.git("checkout", "-q", "main")
        request = {"base": {"sha": base}, "head": {"sha": head}}
        return Event("pull_request", "refs/pull/1/merge", merge, {"pull_request": request})

    def push(self) -> Event:
        before = self.world.git("rev-parse", "origin/main").strip()
        self.world.git("push", "-q", "origin", "main")
        payload = {"before": before, "after": self.head(), "ref": "refs/heads/main"}
        return Event("push", "refs/heads/main", self.head(), payload, self.secrets)

    def schedule(self) -> Event:
        return Event("schedule", "refs/heads/main", self.head(), {}, self.secrets)

    # -- changes

    def add(self) -> None:
        self.world.encrypt(NEW, "token: hunter2\n")

    def plant(self) -> None:
        write(self.world, NEW, "token: hunter2\n")

    def remove(self) -> None:
        (self.world.repo / NEW).unlink()
