"""A change of readers that is killed at any moment: run again, everything is as it was meant.

``PLANA_TEST_KILLED=500x20`` tries it with five hundred files, each command killed twenty times.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pyrage
import pytest

from plana_secrets.age.identities import parse_identity_file
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.secret import Secret
from tests.sops.opening import read_document
from tests.world import PROGRAM, World

FILES, KILLS = map(int, os.environ.get("PLANA_TEST_KILLED", "10x3").split("x"))
PEOPLE = ("ann", "bob", "cid", "dee", "eve")
RULES = """\
# who reads what
creation_rules:
    - path_regex: ^infra/secrets/keysets/.*\\.yaml$   # no one's yet
      encrypted_regex: ^value$
      age: {all}
    - path_regex: ^infra/secrets/.*\\.yaml$
      age:
        # the team
{list}
"""


def name_of(number: int) -> str:
    return f"infra/secrets/dev/f{number}.yaml"


class Team:
    """Five people, of whom the first runs the program; four of them are in the rules."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = {name: pyrage.x25519.Identity.generate() for name in PEOPLE}
        self.keys["ann"] = world.identity
        self.identities = {
            name: parse_identity_file(Secret(f"{key}\n".encode()), name)
            for name, key in self.keys.items()
        }
        self.write(PEOPLE[:4], PEOPLE[:4])
        for number in range(FILES):
            world.encrypt(name_of(number), self.plain(number))
        world.commit()

    @staticmethod
    def plain(number: int) -> str:
        return f"# file {number}\npassword: pa55-{number}\nport: {number}\n"

    def run(self, argv: list[str]) -> int:
        """The status; hundreds of files take longer than other tests may."""
        done = subprocess.run(
            [*PROGRAM, *argv], cwd=self.world.repo, env=self.world.environment, check=False,
            capture_output=True, timeout=120 + 4 * FILES,
        )  # fmt: skip
        return done.returncode

    def public(self, name: str) -> str:
        return str(self.keys[name].to_public())

    def write(self, ruled: tuple[str, ...], named: tuple[str, ...]) -> None:
        keys = [self.public(one) for one in ruled]
        lines = "\n".join(f"        - {one}" for one in keys)
        text = RULES.replace("{all}", ",".join(keys)).replace("{list}", lines)
        (self.world.repo / ".sops.yaml").write_text(text)
        tables = [
            f'[recipients.{one}]\nkey = "{self.public(one)}"\nkind = "staff"\n' for one in named
        ]
        (self.world.repo / "plana-secrets.toml").write_text("\n".join(tables))

    def texts(self) -> tuple[str, ...]:
        return tuple(
            (self.world.repo / one).read_text() for one in (".sops.yaml", "plana-secrets.toml")
        )

    def check(self, readers: tuple[str, ...]) -> None:
        """Every file opens for exactly these, and says what it always said."""
        for number in range(FILES):
            data = (self.world.repo / name_of(number)).read_bytes()
            opened = {}
            for name, identity in self.identities.items():
                try:
                    opened[name] = read_document(data, identity)
                except PlanaSecretsError:
                    continue
            assert tuple(opened) == readers, name_of(number)
            values = [
                value.reveal().decode() for one in opened.values() for _, value in one.entries()
            ]
            assert values == [f"pa55-{number}", str(number)] * len(readers)
            assert all(len(one.values) == 3 for one in opened.values())  # with the comment


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


def prepare_apply(team: Team) -> None:
    """By hand: dee goes and eve comes."""
    team.write(("ann", "bob", "cid", "eve"), PEOPLE)
    team.world.commit()


COMMANDS = {
    "add": (lambda _: None, ["add", "eve", "EVE", "--rule", "all"], PEOPLE),
    "apply": (prepare_apply, ["apply"], ("ann", "bob", "cid", "eve")),
    "remove": (lambda _: None, ["remove", "dee"], ("ann", "bob", "cid")),
    "replace": (lambda _: None, ["replace", "dee", "EVE"], ("ann", "bob", "cid", "eve")),
}


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_any_moment_and_run_again(team: Team, command: str) -> None:
    prepare, words, readers = COMMANDS[command]
    prepare(team)
    world = team.world
    argv = ["recipients", *(one.replace("EVE", team.public("eve")) for one in words)]
    start = world.git("rev-parse", "HEAD").strip()
    rules, _ = team.texts()
    begun = time.monotonic()
    assert team.run(argv) == 0
    lasts = time.monotonic() - begun
    after = team.texts()
    if command == "remove":
        gone = team.public("dee")
        assert after[0] == rules.replace(f",{gone}", "").replace(f"        - {gone}\n", "")
    if command == "replace":
        assert after[0] == rules.replace(team.public("dee"), team.public("eve"))
    if command == "add":
        came, last = team.public("eve"), team.public("dee")
        expected = rules.replace(f",{last}\n", f",{last},{came}\n")
        expected = expected.replace(f"- {last}\n", f"- {last}\n        - {came}\n")
        assert after[0] == expected
    team.check(readers)
    chance = random.Random(7)
    for _ in range(KILLS):
        world.git("reset", "-q", "--hard", start)
        process = subprocess.Popen(
            [*PROGRAM, *argv], cwd=world.repo, env=world.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(chance.uniform(0.1, 1.2) * lasts)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert team.run(argv) in {0, 2}  # 2: it had arrived, and there is nothing to do
        assert team.texts() == after
        team.check(readers)
    assert team.run(["verify"]) == 0
