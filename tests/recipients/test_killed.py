"""A removal that is killed at any moment: run again, everything is as it was meant."""

from __future__ import annotations

import random
import signal
import subprocess
import time

import pyrage
import pytest

from tests.world import DEFAULT_RULES, PROGRAM, World

COUNT = 12


def file_of(number: int) -> str:
    return f"infra/secrets/dev/f{number}.yaml"


@pytest.mark.long
def test_killed_at_any_moment_and_run_again(world: World) -> None:
    bob, carol = (pyrage.x25519.Identity.generate() for _ in range(2))
    world.others[:] = [bob, carol]
    world.write_rules(DEFAULT_RULES)
    for number in range(COUNT):
        world.encrypt(file_of(number), f"password: pa55-{number}\n")
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{bob.to_public()}"\nkind = "staff"\n'
    )
    start = world.commit()
    rules = (world.repo / ".sops.yaml").read_text()
    begun = time.monotonic()
    assert world.run("recipients", "remove", "bob").status == 0
    lasts = time.monotonic() - begun
    after = (world.repo / ".sops.yaml").read_text()
    assert after == rules.replace(f",{bob.to_public()}", "")
    chance = random.Random(7)
    for _ in range(20):
        world.git("reset", "-q", "--hard", start)
        process = subprocess.Popen(
            [*PROGRAM, "recipients", "remove", "bob"],
            cwd=world.repo, env=world.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(chance.uniform(0.2, 1.3) * lasts)
        process.send_signal(signal.SIGKILL)
        process.wait()
        again = world.run("recipients", "remove", "bob")
        assert again.status in {0, 2}, again  # 2: it had arrived, and there is no bob any more
        assert (world.repo / ".sops.yaml").read_text() == after
        assert (world.repo / "plana-secrets.toml").read_text() == ""
        for number in range(COUNT):
            text = (world.repo / file_of(number)).read_text()
            assert str(bob.to_public()) not in text
            assert str(carol.to_public()) in text
        assert world.decrypt(file_of(chance.randrange(COUNT))).startswith("password: pa55-")
        assert world.run("verify").status == 0
