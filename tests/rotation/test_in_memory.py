"""Moves on ground that is in memory: what is refused, what a lie of the disk or the line comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from plana_secrets.errors import CredentialError, UnavailableError
from plana_secrets.rotation.apply import (
    Due,
    confirm_adopted,
    confirm_keyset,
    run_due,
    run_move,
)
from plana_secrets.rotation.keyset import Keyset, Move
from plana_secrets.rotation.redate import redate_keyset
from tests.rotation.examples import ACCEPTED, API, COMMIT, JWT, PUSH, START
from tests.rotation.memory import KEYSET, Ground, kind_of
from tests.simulation.contents import WORK, SimulatedStore
from tests.simulation.memory import Commit, MemoryRotation


class Lying(MemoryRotation):
    """Writes, and then has on its disk what was there before. ``lies``: at which writes, of what."""

    lies: tuple[int, str] = (0, "")
    writes = 0

    def write(self, staged: Sequence[Any], operation: str, commit: Any) -> Any:
        old = dict(self.workspace.disk)
        done = super().write(staged, operation, commit)
        type(self).writes += 1
        if self.writes == self.lies[0]:
            self.workspace.disk[self.lies[1]] = old[self.lies[1]]
        return done


# -- confirmations


def awaited(*names: str) -> Ground:
    return Ground((replace(API, external_callers=names),))


def test_a_confirmation_needs_a_rotation_that_landed_and_a_caller_that_is_awaited() -> None:
    ground = awaited("acme", "zeta")
    assert (
        kind_of(lambda: confirm_keyset(ground.rotation(), API.name, delivery=PUSH)) == "wrong-phase"
    )
    run_move(ground.rotation(), API.name, delivery=COMMIT)
    before = ground.state()
    assert (
        kind_of(lambda: confirm_keyset(ground.rotation(), API.name, delivery=COMMIT))
        == "not-landed"
    )
    assert ground.state() == before


@pytest.mark.parametrize(
    ("names", "confirmed"), [(["acme"], ("acme",)), ([], ("acme", "zeta"))], ids=["named", "all"]
)
def test_confirmed_are_the_named_or_all_that_are_awaited(
    names: list[str], confirmed: tuple[str, ...]
) -> None:
    ground = awaited("acme", "zeta")
    run_move(ground.rotation(), API.name, delivery=PUSH)
    assert (
        kind_of(lambda: confirm_keyset(ground.rotation(), API.name, ["emca"], delivery=PUSH))
        == "not-awaited"
    )
    confirm_keyset(ground.rotation(), API.name, names, delivery=PUSH)
    assert ground.keyset().confirmed == confirmed
    assert ground.server.contents(ground.server.tip or "")[KEYSET] == ground.clone.disk[KEYSET]


def test_where_no_one_is_awaited_no_one_confirms() -> None:
    ground = Ground((JWT,))
    run_move(ground.rotation(), JWT.name, delivery=PUSH)
    assert (
        kind_of(lambda: confirm_keyset(ground.rotation(), JWT.name, delivery=PUSH)) == "not-awaited"
    )


def test_an_adopted_path_that_is_not_remembered_is_not_confirmed() -> None:
    ground = Ground()
    assert (
        kind_of(lambda: confirm_adopted(ground.rotation(), API.name, delivery=PUSH))
        == "not-adopted"
    )
    run_move(ground.rotation(), API.name, delivery=COMMIT)
    assert (
        kind_of(lambda: confirm_adopted(ground.rotation(), API.name, delivery=COMMIT))
        == "not-landed"
    )


def test_an_adopted_path_is_forgotten_once_it_is_confirmed() -> None:
    ground = Ground()
    keyset = ground.keyset()
    assert keyset.terms is not None
    reading = replace(keyset, terms=replace(keyset.terms, adopted=("a.yaml#b",)))
    content = ground.clone.registry.add(reading)
    tree = ground.clone.disk | {KEYSET: content}
    ground.server.tip = ground.server.commit(Commit(ground.server.tip, tree, "Rotate x: y", START))
    ground.clone.reset()
    confirm_adopted(ground.rotation(), API.name, delivery=PUSH)
    after = ground.keyset()
    assert after == replace(reading, terms=replace(keyset.terms, adopted=()))
    assert ground.server.tip == ground.clone.head()


# -- a run of all


def lost(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = SimulatedStore.load

    def load(self: SimulatedStore, name: str) -> Keyset:
        if name in names:
            raise CredentialError("no identity", kind="no-identity-fits")
        return real(self, name)

    monkeypatch.setattr(SimulatedStore, "load", load)


class Unseen(MemoryRotation):
    """Where no keyset can be opened, none tells of the clock."""

    def shapes(self) -> Iterator[Keyset]:
        return iter(())


def test_a_run_without_any_key_is_an_error_and_one_lost_keyset_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ground = Ground((API, JWT))
    ground.now += timedelta(days=1000)

    def run() -> Due:
        return run_due(ground.rotation(Unseen, trust_clock=lambda *_: True), delivery=PUSH)

    with monkeypatch.context() as patched:
        lost(patched, API.name, JWT.name)
        before = ground.state()
        assert kind_of(run) == "no-identity-fits"
        assert ground.state() == before
    lost(monkeypatch, API.name)
    done = run()
    assert [one.name for one in done.moved] == [JWT.name]
    assert [one.name for one in done.keysets] == [API.name, JWT.name]


def test_a_dry_run_changes_nothing_and_refuses_what_the_run_would() -> None:
    ground = Ground()
    before = ground.state()
    would = run_move(ground.rotation(), API.name, delivery=PUSH, dry_run=True)
    assert ground.state() == before
    assert would.commit is None
    assert run_move(ground.rotation(), API.name, delivery=PUSH).files == would.files
    before = ground.state()
    early = {
        kind_of(lambda dry=dry: run_move(ground.rotation(), API.name, delivery=PUSH, dry_run=dry))
        for dry in (True, False)
    }
    assert early == {"too-early"}
    assert ground.state() == before


# -- lies


@pytest.mark.parametrize(
    ("write", "file"),
    [(1, KEYSET), (1, ACCEPTED.partition("#")[0]), (2, KEYSET)],
    ids=["keyset", "target", "date"],
)
def test_what_the_disk_does_not_hold_is_not_reported_as_written(write: int, file: str) -> None:
    ground = Ground()
    lying = type("Lies", (Lying,), {"lies": (write, file), "writes": 0})
    assert kind_of(lambda: run_move(ground.rotation(lying), API.name, delivery=PUSH)) == "read-back"


def test_a_push_that_the_server_takes_back_is_not_a_move_that_landed() -> None:
    ground = Ground()
    base = ground.server.tip

    def taken_back(real: Callable[[], None]) -> None:
        real()
        ground.server.set_back(base or "")

    ground.line.push = taken_back  # type: ignore[method-assign]
    assert kind_of(lambda: run_move(ground.rotation(), API.name, delivery=PUSH)) == "push-not-kept"
    assert [key.since is None for key in ground.keyset().keys] == [False, True]
    # the next run pushes it first, and does not believe that either
    assert kind_of(lambda: run_move(ground.rotation(), API.name, delivery=PUSH)) == "push-not-kept"
    del ground.line.push  # type: ignore[attr-defined]
    ground.now += timedelta(hours=2)
    run_due(ground.rotation(), delivery=PUSH)
    assert all(key.since == ground.now for key in ground.keyset().keys[1:])


def test_a_push_that_was_not_seen_is_not_dated() -> None:
    ground = Ground()
    real = ground.line.fetch
    pushed: list[object] = []

    def push(act: Callable[[], None]) -> None:
        act()
        pushed.append(act)

    def fetch(act: Callable[[], str | None]) -> str | None:
        if pushed:
            raise UnavailableError("gone", kind="remote-unavailable")
        return real(act)

    ground.line.push, ground.line.fetch = push, fetch  # type: ignore[method-assign]
    assert kind_of(lambda: run_move(ground.rotation(), API.name, delivery=PUSH)) == "push-unseen"
    assert ground.server.tip == ground.clone.head()
    assert ground.keyset().keys[1].since is None


def test_moves_that_are_here_only_are_pushed_one_at_a_time() -> None:
    """Two at once would be an outage for all who see the first one never."""
    ground = Ground()
    base = ground.server.tip
    run_move(ground.rotation(), API.name, delivery=PUSH)
    ground.now += timedelta(hours=2)
    run_move(ground.rotation(), API.name, delivery=PUSH)
    ground.server.set_back(base or "")
    before = ground.state()
    assert kind_of(lambda: run_due(ground.rotation(), delivery=PUSH)) == "set-back"
    assert ground.state() == before


def test_the_work_of_a_person_is_not_pushed_along() -> None:
    ground = Ground()
    ground.clone.work(WORK)
    before = ground.state()
    assert kind_of(lambda: run_move(ground.rotation(), API.name, delivery=PUSH)) == "unpushed-work"
    assert ground.state() == before


def test_a_clone_that_is_behind_decides_nothing() -> None:
    ground = Ground()
    other = ground.server.clone(ground.line)
    run_move(ground.rotation(), API.name, delivery=PUSH)
    ground.clone = other
    before = ground.state()
    for action in (run_due, lambda *a, **o: run_move(*a, API.name, **o)):
        assert (
            kind_of(lambda action=action: action(ground.rotation(), delivery=PUSH))
            == "behind-remote"
        )
    assert ground.state() == before


# -- dates


def test_an_instant_in_the_future_is_taken_back_and_only_that() -> None:
    ground = Ground()
    ground.now += timedelta(days=300)
    run_move(ground.rotation(trust_clock=lambda *_: True), API.name, delivery=PUSH)
    first, second = ground.keyset().keys
    ground.now -= timedelta(days=300)
    assert (
        kind_of(lambda: run_move(ground.rotation(), API.name, delivery=PUSH)) == "clock-backwards"
    )
    redate_keyset(ground.rotation(), API.name, delivery=PUSH)
    again = ground.keyset().keys
    assert again == (first, replace(second, since=ground.now))
    assert (
        kind_of(lambda: redate_keyset(ground.rotation(), API.name, delivery=PUSH))
        == "nothing-to-redate"
    )


def test_a_keyset_with_settings_in_no_commit_is_not_moved() -> None:
    ground = Ground()
    rotation = ground.rotation(uncommitted=frozenset({API.name}))
    assert (
        kind_of(lambda: run_move(rotation, API.name, Move.PUBLISH, delivery=PUSH))
        == "uncommitted-settings"
    )
