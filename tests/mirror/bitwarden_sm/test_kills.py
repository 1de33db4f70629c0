"""A run that is killed at any request: the next one completes it, and there is nothing twice."""

from __future__ import annotations

import base64
import os
import signal
import subprocess

import pytest

from tests.fakes.bitwarden_sm import Fault
from tests.fakes.bitwarden_sm.store import derive_token_key
from tests.mirror.bitwarden_sm.place import BitwardenPlace
from tests.mirror.bitwarden_sm.test_commands import Shop
from tests.mirror.bitwarden_sm.test_failures import workers_of
from tests.world import PROGRAM, World

FILES = {
    f"infra/secrets/prod/f{number}.yaml": {"user": f"u{number}", "password": f"p{number}"}
    for number in range(4)
}


@pytest.mark.long
@pytest.mark.parametrize("moment", range(1, 13, 2))
def test_a_killed_sync_is_completed_by_the_next(
    world: World, place: BitwardenPlace, moment: int
) -> None:
    shop = Shop(world, place)
    for file, values in FILES.items():
        world.encrypt(file, "".join(f"{path}: {value}\n" for path, value in values.items()))
    world.commit()
    environment = world.environment | {
        "PLANA_SECRETS_BITWARDEN_SM_CREDENTIALS": str(shop.credentials)
    }
    run = subprocess.Popen(
        [*PROGRAM, "mirror", "sync"],
        cwd=world.repo,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    count = 0

    def kill_at(method: str, path: str) -> Fault | None:
        nonlocal count
        if method in {"POST", "PUT"} and path.startswith("/api"):
            count += 1
            if count == moment:
                run.send_signal(signal.SIGKILL)
                run.wait()
        return None

    place.server.before = kill_at
    assert run.wait() == -signal.SIGKILL
    place.server.before = lambda _method, _path: None
    shop.run("mirror", "sync")
    shop.run("mirror", "status", "--check")
    assert shop.values() == {
        f"{file}#{path}": value for file, values in FILES.items() for path, value in values.items()
    }
    assert len(place.administrator.secrets()) == 3 * len(FILES)
    assert workers_of(os.getpid()) == []


def test_the_stand_in_derives_keys_as_the_vendor_does() -> None:
    """The access token of the vendor's own test, and the key that it has there."""
    token = "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.C2IgxjjLF7qSshsbwe8JGcbM075YXw:X8vbvA0bduihIDe/qrzIQQ=="
    key = derive_token_key(base64.b64decode(token.rpartition(":")[2]))
    assert base64.b64encode(key.reveal().reveal()).decode() == (
        "H9/oIRLtL9nGCQOVDjSMoEbJsjWXSOCb3qeyDt6ckzS3FhyboEDWyTP/CQfbIszNmAVg2ExFganG1FVFGXO/Jg=="
    )
