"""Moves one after another, a move that is refused, and a secret from before the keysets."""

from __future__ import annotations

import pytest

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.rotation.apply import run_move
from plana_secrets.rotation.keyset import Move
from tests.rotation.examples import COMMIT
from tests.rotation.fleet import ACCOUNT, Fleet

OLD = f"{ACCOUNT}#stringData.JWT_SECRET"


def refused(fleet: Fleet, name: str, move: Move | None, **options: bool) -> PlanaSecretsError:
    with pytest.raises(PlanaSecretsError) as caught:
        run_move(fleet.rotation(), name, move, delivery=COMMIT, **options)
    assert fleet.is_clean()
    return caught.value


def make(fleet: Fleet, name: str, *moves: Move) -> None:
    for move in moves:
        run_move(fleet.rotation(), name, move, delivery=COMMIT)
        fleet.pass_time(days=9)


def file_of(fleet: Fleet, name: str) -> str:
    return fleet.rotation().store().file(name)
