"""A remote and a clone in memory, for moves that take no time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.policy import KeysetPolicy
from tests.rotation.examples import ACCEPTED, API, CALLER, FRESH, KEYSET_JSON, PUSH, START
from tests.simulation.contents import WORK
from tests.simulation.memory import Commit, MemoryRotation, Server

FILES = {place.partition("#")[0]: b"{}\n" for place in (ACCEPTED, CALLER, KEYSET_JSON)}
KEYSET = "infra/secrets/keysets/pulse-data/portal.yaml"


class Line:
    """What lies between the clone and the remote; a test may put another ``push`` in its place."""

    def fetch(self, real: Callable[[], str | None]) -> str | None:
        return real()

    def push(self, real: Callable[[], None]) -> None:
        real()


@dataclass
class Ground:
    """A remote and a clone of it, with one keyset that is deployed."""

    policies: tuple[KeysetPolicy, ...] = (API,)
    now: datetime = START
    line: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.server = Server()
        self.server.tip = self.server.commit(Commit(None, FILES, WORK, None))
        self.clone = self.server.clone(self.line)
        for policy in self.policies:
            init_keyset(self.rotation(), policy.name, FRESH, delivery=PUSH)
        self.now += timedelta(hours=1)

    def rotation(
        self, kind: type[MemoryRotation] = MemoryRotation, **options: Any
    ) -> MemoryRotation:
        return kind(self.clone, self.policies, "main", lambda: self.now, **options)

    def keyset(self, policy: KeysetPolicy = API) -> Keyset:
        return self.rotation().store().load(policy.name)

    def state(self) -> object:
        return self.server.tip, self.clone.head(), dict(self.clone.disk)


def kind_of(action: Callable[[], object]) -> str:
    with pytest.raises(PlanaSecretsError) as caught:
        action()
    return caught.value.kind
