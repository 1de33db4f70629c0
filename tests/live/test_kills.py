"""kill -9 at thirty moments of a first load: of the server, and of the program."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from plana_secrets.errors import PlanaSecretsError
from tests.fakes.people import Company
from tests.live.server import RealServer
from tests.mirror.steps import make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.strays import findings

MOMENTS = 30
ITEMS = [
    make_item(f"infra/secrets/prod/{number}.yaml", {"a": "1", "b": "2"}, collection="prod")
    for number in range(60)
]


def check(place: VaultwardenPlace, server: RealServer) -> None:
    """The next run completes; an owner sees each item once, and none in no collection."""
    applied = sync(place.open(), ITEMS)
    assert (applied.failed, applied.after.drift) == ({}, ())
    every = place.hand.every()
    assert Counter(place.hand.file_of(one) for one in every) == Counter(item.file for item in ITEMS)
    assert all(one["collectionIds"] for one in every)
    assert findings(place, place.company.owner) == []
    with contextlib.closing(sqlite3.connect(server.database)) as database:
        rows = database.execute(_ROWS, [place.company.id, place.company.service.id]).fetchone()
    assert rows == (len(ITEMS), len(ITEMS), 0)


_ROWS = """\
SELECT
    (SELECT count(*) FROM ciphers WHERE organization_uuid = ?1),
    (SELECT count(DISTINCT uuid) FROM ciphers JOIN ciphers_collections ON cipher_uuid = uuid
     WHERE organization_uuid = ?1),
    (SELECT count(*) FROM ciphers WHERE user_uuid = ?2)
"""
"""Items, those in a collection, and what is left in the service account's own vault."""


def measure(place: VaultwardenPlace) -> float:
    start = time.monotonic()
    sync(place.open(), ITEMS)
    return time.monotonic() - start


@pytest.mark.long
def test_a_server_killed_at_any_moment_keeps_nothing_loose_and_nothing_twice(
    real_server: RealServer, company: Company, tmp_path: Path
) -> None:
    place = VaultwardenPlace(company, tmp_path)
    place.hand.clear()
    whole = measure(place)
    for moment in range(MOMENTS):
        place.hand.clear()
        killer = threading.Timer(whole * (moment + 0.5) / MOMENTS, real_server.kill)
        killer.start()
        with contextlib.suppress(PlanaSecretsError):
            sync(place.open(), ITEMS)
        killer.join()
        real_server.start()
        check(place, real_server)


@pytest.mark.long
def test_a_program_killed_at_any_moment_keeps_nothing_loose_and_nothing_twice(
    real_server: RealServer, company: Company, tmp_path: Path
) -> None:
    place = VaultwardenPlace(company, tmp_path)
    place.hand.clear()
    whole = measure(place)
    for moment in range(MOMENTS):
        place.hand.clear()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                sync(place.open(), ITEMS)
            os._exit(0)
        time.sleep(whole * (moment + 0.5) / MOMENTS)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        check(place, real_server)
