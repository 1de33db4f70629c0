"""A repository for post-quantum keys only: every command reads it, the newest sops writes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from plana_secrets.age.identities import generate_identity
from tests.world import Result, World

FILE = "infra/secrets/dev/a.yaml"


@dataclass
class Quantum:
    """The world after everything was moved to a post-quantum key."""

    world: World
    environment: dict[str, str]

    def run(self, *argv: str, stdin: bytes = b"", **more: str) -> Result:
        return self.world.run(*argv, stdin=stdin, env=self.environment | more)


@pytest.fixture
def quantum(world: World) -> Quantum:
    newest = os.environ.get("PLANA_TEST_SOPS_NEWEST")
    if not newest:
        pytest.skip("PLANA_TEST_SOPS_NEWEST names no program: the newest sops is not tested")
    identity = generate_identity(hybrid=True)
    key_file = world.folder / "pq.txt"
    key_file.write_bytes(identity.text.reveal() + b"\n")
    key_file.chmod(0o600)
    (world.repo / ".sops.yaml").write_text(
        f"creation_rules:\n  - path_regex: ^infra/secrets/.*\\.yaml$\n"
        f"    age: {identity.recipient.text}\n"
    )
    return Quantum(world, {"SOPS_AGE_KEY_FILE": str(key_file), "PLANA_SECRETS_SOPS": newest})


def test_a_file_lives_a_whole_life(quantum: Quantum, tmp_path: Path) -> None:
    assert quantum.run("new", FILE).status == 0
    assert quantum.run("set", FILE, "password", "--stdin", stdin=b"one").status == 0
    quantum.world.commit()
    assert quantum.run("set", FILE, "password", "--stdin", stdin=b"two").status == 0
    assert "~ password" in quantum.run("diff").stdout
    assert quantum.run("edit", FILE, EDITOR="sed -i s/two/three/").status == 0
    assert quantum.run("get", FILE, "password").stdout.strip() == "three"
    done = quantum.run("verify", "--level", "L3", "--strict")
    assert done.status == 0, done
    (quantum.world.repo / "plana-secrets.toml").write_text(
        f'[mirror]\nbackend = "local"\n[mirror.local]\npath = "{tmp_path}/mirror.age"\n'
    )
    quantum.world.commit()
    assert quantum.run("mirror", "sync", "--confirm").status == 0
    assert quantum.run("mirror", "status").status == 0


def test_an_older_sops_reads_but_is_told_not_to_write(quantum: Quantum) -> None:
    assert quantum.run("new", FILE).status == 0
    assert quantum.run("set", FILE, "password", "--stdin", stdin=b"one").status == 0
    older = {"PLANA_SECRETS_SOPS": ""}
    assert quantum.run("get", FILE, "password", **older).stdout.strip() == "one"
    before = (quantum.world.repo / FILE).read_bytes()
    for argv in (["set", FILE, "password", "--stdin"], ["new", "infra/secrets/dev/b.yaml"]):
        done = quantum.run(*argv, stdin=b"two", **older)
        assert done.status == 3
        assert "does not know post-quantum keys" in done.stderr
    assert (quantum.world.repo / FILE).read_bytes() == before


def test_a_new_identity_of_this_kind(world: World) -> None:
    file = world.folder / "new.txt"
    made = world.run("identity", "new", "--post-quantum", "--output", str(file))
    assert made.stdout.startswith("age1pq1")
    shown = world.run("--identity-file", str(file), "identity", "show")
    assert made.stdout.strip() in shown.stdout
