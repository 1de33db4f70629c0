"""A key file that the environment names and that is not there: the reason is told."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.world import World, sops_program

FILE = "infra/secrets/dev/a.yaml"
MISSING = "/nowhere/age/keys.txt"


@pytest.fixture
def written(world: World) -> World:
    world.encrypt(FILE, "a: x\n")
    world.commit()
    return world


@pytest.mark.parametrize(
    "argv", [["get", FILE, "a"], ["show", FILE, "--reveal"], ["set", FILE, "a", "--stdin"]]
)
def test_it_is_named_where_a_file_does_not_open(written: World, argv: list[str]) -> None:
    done = written.run(*argv, stdin=b"y", env={"SOPS_AGE_KEY_FILE": MISSING})
    assert done.status == 4
    assert f"SOPS_AGE_KEY_FILE ({MISSING}): no such file" in done.stderr


def test_verify_without_it_is_incomplete(written: World) -> None:
    done = written.run("verify", env={"SOPS_AGE_KEY_FILE": MISSING})
    assert (done.status, MISSING in done.stdout) == (4, True), done
    report = json.loads(written.run("verify", "--json", env={"SOPS_AGE_KEY_FILE": MISSING}).stdout)
    assert not report["complete"]
    assert report["unfinished"] == [f"SOPS_AGE_KEY_FILE ({MISSING}): no such file"]


def test_verify_without_any_key_asks_for_none(written: World) -> None:
    assert written.run("verify", env={"SOPS_AGE_KEY_FILE": ""}).status == 0


def test_another_identity_that_opens_the_file_is_enough_as_for_sops(written: World) -> None:
    environment = {"SOPS_AGE_KEY_FILE": MISSING, "SOPS_AGE_KEY": str(written.identity)}
    assert written.command(str(sops_program()), "decrypt", FILE, env=environment).stdout == "a: x\n"
    assert written.run("get", FILE, "a", env=environment).stdout == "x"
    assert written.run("verify", env=environment).status == 0


def test_another_identity_that_opens_nothing_is_not(written: World) -> None:
    key = written.home / ".config/sops/age/keys.txt"
    key.parent.mkdir(parents=True)
    key.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    assert written.run("verify", env={"SOPS_AGE_KEY_FILE": MISSING}).status == 4


def test_a_key_file_with_a_passphrase_is_opened_by_import(written: World) -> None:
    """The advice must not be to create another identity."""
    closed = written.folder / "closed.age"
    closed.write_text("age-encryption.org/v1\n-> scrypt c2FsdA 18\n")
    for argv in (["identity", "show"], ["get", FILE, "a"]):
        done = written.run(*argv, env={"SOPS_AGE_KEY_FILE": str(closed)})
        assert done.status == 4
        assert f"({closed}): a key file with a passphrase" in done.stderr
        assert "plana-secrets identity import" in done.stderr
        assert "identity new" not in done.stderr
