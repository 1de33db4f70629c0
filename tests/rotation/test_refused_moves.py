"""A move that is refused or finds something else on the disk: nothing is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.errors import ConflictError, FailedError, UsageError
from plana_secrets.rotation.apply import confirm_keyset, run_move
from plana_secrets.rotation.initialise import init_keyset
from plana_secrets.rotation.keyset import Move
from plana_secrets.secretfiles.writing.writer import writing
from tests.rotation.examples import API, COMMIT, FRESH, PUSH, statuses
from tests.rotation.fleet import PROVIDER, Fleet
from tests.rotation.moves import make

pytestmark = pytest.mark.long


def test_a_move_waits_for_no_one_who_holds_the_lock(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    with writing(fleet.rotation().workspace, "another run"), pytest.raises(ConflictError) as caught:
        run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "locked"
    assert statuses(fleet.keyset(API)) == ["active"]


def test_where_no_one_is_awaited_a_confirmation_is_a_mistake(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    make(fleet, API.name, Move.PUBLISH)
    with pytest.raises(UsageError) as caught:
        confirm_keyset(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "not-awaited"
    assert "no confirmation is awaited" in caught.value.message


def test_what_the_disk_does_not_hold_after_a_move_is_an_error(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plana_secrets.rotation import ground

    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    real = ground.write_files

    def and_then_another_hand(*arguments: object, **options: object) -> object:
        result = real(*arguments, **options)  # type: ignore[arg-type]
        fleet.world.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', '"[]"')
        return result

    monkeypatch.setattr(ground, "write_files", and_then_another_hand)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "read-back"


@pytest.mark.long
def test_another_hand_between_a_pushed_move_and_its_date_is_an_error(
    fleet: Fleet, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move is made; that its date was not read back must not be swallowed."""
    from plana_secrets.rotation import ground

    init_keyset(fleet.rotation(), API.name, FRESH, delivery=PUSH)
    real, calls = ground.write_files, []

    def and_then_another_hand(*arguments: object, **options: object) -> object:
        result = real(*arguments, **options)  # type: ignore[arg-type]
        calls.append(result)
        if len(calls) == 2:
            fleet.world.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', '"[]"')
        return result

    monkeypatch.setattr(ground, "write_files", and_then_another_hand)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=PUSH)
    assert (caught.value.kind, len(calls)) == ("read-back", 2)
