"""Three keysets that move in real time, under waits of seconds, and what pods mount of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from plana_secrets.document.references import parse_reference
from plana_secrets.rotation.apply import run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.rotation.landing import Delivery
from tests.consumers.kubelet import Files
from tests.rotation.examples import API, JWT, places
from tests.rotation.fleet import ACCOUNT, Fleet

ROLLOUT, LIFETIME, SKEW = 6, 4, 2
"""Seconds. A move takes one or two of them before its roll-out begins."""

RAW_SECRET = "the raw secret that all services read today"
RAW_PLACE = f"{ACCOUNT}#stringData.JWT_SECRET"

_COMMIT = Delivery(commit=True)
_WAITS = {"rollout": timedelta(seconds=ROLLOUT), "grace": timedelta(0)}
_TOKENS = _WAITS | {
    "max_token_lifetime": timedelta(seconds=LIFETIME),
    "skew": timedelta(seconds=SKEW),
}
_ROUND = (Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.DESTROY)
_REFRESH = places(f'{ACCOUNT}#stringData["jwt-refresh.json"]')


class Rotations:
    """An adopted secret for access tokens, fresh keys for refresh tokens and for an API."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._access = replace(JWT, **_TOKENS)
        self._refresh = replace(JWT, name="pulse-account/jwt-refresh", targets=_REFRESH, **_TOKENS)
        self._api = replace(API, drain=timedelta(seconds=SKEW), **_WAITS)
        fleet.policies = (self._access, self._refresh, self._api)
        self._adopt()

    def _adopt(self) -> None:
        world = self._fleet.world
        world.sops("set", ACCOUNT, '["stringData"]["JWT_SECRET"]', json.dumps(RAW_SECRET))
        world.commit("the secret of today")
        for policy in self._fleet.policies:
            adopted = parse_reference(RAW_PLACE) if policy is self._access else None
            source = Source(adopted, fresh=adopted is None)
            init_keyset(self._rotation(), policy.name, source, delivery=_COMMIT)
        world.sops("unset", ACCOUNT, '["stringData"]["JWT_SECRET"]')
        world.commit("every service reads the keyset")

    def _rotation(self):
        """With the clock of this machine: the waits pass while the services run."""
        return replace(self._fleet.rotation(), clock=lambda: datetime.now(UTC))

    def files(self) -> Files:
        """What a pod mounts: as a provider, as a caller, and both keysets."""
        return {
            "jwt-access.json": self._fleet.value(str(self._access.targets[0])),
            "jwt-refresh.json": self._fleet.value(str(self._refresh.targets[0])),
            "api-keys.json": self._fleet.value(str(self._api.accepted[0])),
            "api-key": self._fleet.value(str(self._api.callers[0])),
        }

    def run(self, rotations: int, roll_out: Callable[[Files], None]) -> None:
        """Every move of every keyset as soon as it is allowed, for so many rotations."""
        left = {policy.name: list(rotations * _ROUND) for policy in self._fleet.policies}
        while any(left.values()):
            moved = [name for name, moves in left.items() if moves and self._move(name, moves)]
            if moved:
                roll_out(self.files())
            else:
                time.sleep(0.2)

    def _move(self, name: str, moves: list[Move]) -> bool:
        following = self._rotation().status(name).next
        if following is None or following.waiting_for not in {None, "max-age"}:
            return False
        assert following.move == moves[0]
        run_move(self._rotation(), name, moves.pop(0), delivery=_COMMIT)
        return True
