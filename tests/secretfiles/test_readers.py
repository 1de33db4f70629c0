"""A reader who was removed does not open what is written afterwards."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.age.identities import parse_identity_file
from plana_secrets.errors import CredentialError
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.readers import removed_readers
from plana_secrets.sops.reading.datakey import find_data_key
from plana_secrets.sops.reading.reader import read_structure
from tests.secretfiles.conftest import make_workspace
from tests.world import DEFAULT_RULES, World

FILE = "infra/secrets/app.yaml"


@pytest.fixture
def leaver(world: World) -> pyrage.x25519.Identity:
    """Someone who could read the file, and was removed from the rules and the header."""
    leaver = pyrage.x25519.Identity.generate()
    world.others.append(leaver)
    world.write_rules(DEFAULT_RULES)
    world.encrypt(FILE, "a: one\nb: two\n")
    world.commit("with a leaver")
    world.others.remove(leaver)
    world.write_rules(DEFAULT_RULES)
    world.sops("updatekeys", "-y", FILE)
    world.commit("without")
    return leaver


def data_key_of(world: World, identity: pyrage.x25519.Identity, revision: str) -> Secret:
    content = world.git("show", f"{revision}:{FILE}").encode()
    metadata = read_structure(content).metadata
    assert metadata is not None
    found = find_data_key(metadata, parse_identity_file(Secret.from_text(f"{identity}\n"), ""))
    assert isinstance(found, Secret)
    return found


@pytest.mark.parametrize(
    "command", [("set", FILE, "a", "--generate", "hex:8"), ("unset", FILE, "b")]
)
def test_a_write_after_a_removal_takes_a_new_data_key_once(
    world: World, leaver: pyrage.x25519.Identity, command: tuple[str, ...]
) -> None:
    old = data_key_of(world, leaver, "HEAD~1")
    assert old == data_key_of(world, world.identity, "HEAD")  # what updatekeys leaves
    done = world.run(*command)
    assert done.status == 0, done
    assert f"new data key for {FILE}" in done.stderr
    assert str(leaver.to_public()) in done.stderr
    world.commit("written")
    new = data_key_of(world, world.identity, "HEAD")
    assert new != old
    with pytest.raises(CredentialError):
        data_key_of(world, leaver, "HEAD")
    again = world.run("set", FILE, "c", "--generate", "hex:8")
    assert "new data key" not in again.stderr
    world.commit("again")
    assert data_key_of(world, world.identity, "HEAD") == new


def test_the_removal_is_found_through_a_rename(
    world: World, leaver: pyrage.x25519.Identity
) -> None:
    world.git("mv", FILE, "infra/secrets/other.yaml")
    world.commit("renamed")
    workspace = make_workspace(world)
    document = read_document_of(workspace, "infra/secrets/other.yaml")
    expected = (str(leaver.to_public()),)
    assert removed_readers(workspace, "infra/secrets/other.yaml", document) == expected


def test_a_reader_who_is_added_costs_no_new_data_key(world: World) -> None:
    world.encrypt(FILE, "a: one\n")
    world.commit("alone")
    before = data_key_of(world, world.identity, "HEAD")
    world.others.append(pyrage.x25519.Identity.generate())
    world.write_rules(DEFAULT_RULES)
    world.sops("updatekeys", "-y", FILE)
    done = world.run("set", FILE, "a", "--generate", "hex:8")
    assert done.status == 0
    assert "new data key" not in done.stderr
    world.commit("two")
    assert data_key_of(world, world.identity, "HEAD") == before
