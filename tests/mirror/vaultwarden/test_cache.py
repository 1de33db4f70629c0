"""What is remembered between runs of the program, and that no output tells whether it was."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.vaultwarden.office import Office
from tests.world import DEFAULT_RULES

VALUE = "s3nt1nel-value"
A, B = "infra/secrets/prod/file0.yaml", "infra/secrets/prod/file1.yaml"


@pytest.fixture
def office(office: Office) -> Office:
    office.add_files(2, value=VALUE)
    office.world.commit()
    office.mirror("sync")
    return office


def kept(office: Office) -> Path:
    return next((office.world.folder / "state").rglob("mirror-agreed-vaultwarden.json"))


def both(office: Office, *argv: str, status: int = 0) -> dict[str, Any]:
    """The same with what is remembered and without; ``requests`` is what may differ."""
    found = office.mirror(*argv, status=status)
    expected = office.mirror(*argv, "--no-cache", status=status)
    assert {**found, "requests": 0} == {**expected, "requests": 0}
    return found


@pytest.mark.long
def test_it_holds_no_values_and_is_of_one_identity(office: Office) -> None:
    assert VALUE not in kept(office).read_text()
    stranger = office.stranger()
    state = kept(office).read_bytes()
    assert both(office, "status")["in_sync"]
    assert kept(office).read_bytes() == state
    locked = office.run("mirror", "status", "--check", env={"SOPS_AGE_KEY_FILE": stranger})
    assert locked.status == 4
    assert both(office, "sync")["in_sync"]


CHANGES: dict[str, Callable[[Office], object]] = {
    "file": lambda office: office.world.encrypt(A, "user: new\n"),
    "hand": lambda office: office.hand.set_field(B, "user", "by hand"),
    "copy": lambda office: office.hand.clone(B),
    "rename": lambda office: office.world.git("mv", B, "infra/secrets/prod/moved.yaml"),
    "settings": lambda office: office.configure("[mirror.nothing]\n".replace("nothing", "local")),
    "trash": lambda office: office.hand.trash(A),
}


LONG = [pytest.param(one, marks=pytest.mark.long) for one in ("copy", "rename trash", "settings")]


@pytest.mark.long
@pytest.mark.parametrize("names", ["file hand", *LONG])
def test_every_output_is_the_same(office: Office, names: str) -> None:
    for name in names.split():
        CHANGES[name](office)
    both(office, "diff", "--worktree")
    office.world.git("add", "-A")
    office.world.git("commit", "-q", "--allow-empty", "-m", "a change")
    both(office, "status")
    both(office, "sync", "--dry-run", "--prune")
    office.run("mirror", "sync", "--overwrite-edits")
    assert both(office, "diff")["in_sync"]


def change_settings(office: Office, old: str, new: str) -> None:
    path = office.world.repo / "plana-secrets.toml"
    path.write_text(path.read_text().replace(old, new))


def rename_collection(office: Office) -> None:
    company = office.company
    path = f"/api/organizations/{company.id}/collections/{company.collections['prod']}"
    body = {"name": company.key.seal_text("production"), "groups": [], "users": []}
    company.owner.call("PUT", path, body)


AROUND: dict[str, Callable[[Office], object]] = {
    "excluded": lambda office: change_settings(
        office, "[mirror]\n", '[mirror]\nexclude = ["**/file0.yaml"]\n'
    ),
    "a login item": lambda office: office.configure('logins = ["infra/**"]\n'),
    "another collection": lambda office: change_settings(office, '"prod"', '"none"'),
    "another root": lambda office: change_settings(
        office, "[mirror]\n", '[files]\nroots = ["infra"]\n[mirror]\n'
    ),
    "a keyset by its rule": lambda office: office.world.write_rules(
        DEFAULT_RULES.replace("keysets/.*", "prod/file0")
    ),
    "a renamed collection": rename_collection,
    "a renamed organization": lambda office: office.company.rename("Another name"),
    "no access": lambda office: office.company.change_member(
        office.company.service, {"dev": "edit"}, 2
    ),
    "another account": lambda office: office.write_credentials(office.company.staff),
    "another password": lambda office: office.write_credentials(master_password="not-the-one-12"),
}


@pytest.mark.long
def test_what_is_around_files_and_items_is_seen(office: Office, server: FakeVaultwarden) -> None:
    """Each change alone, with what was remembered before it."""
    office.world.encrypt("infra/secrets/prod/shop.yaml", "username: anna\n")
    head = office.world.commit()
    office.mirror("sync")
    store, state = copy.deepcopy(server.store), kept(office).read_bytes()
    for name, change in AROUND.items():
        change(office)
        office.world.git("commit", "-q", "--allow-empty", "-a", "-m", name)
        argv = ("mirror", "diff", "--json")
        found, expected = office.run(*argv), office.run(*argv, "--no-cache")
        assert found.stdout.partition('"requests"')[0] == expected.stdout.partition('"requests"')[0]
        assert (found.status, found.stderr) == (expected.status, expected.stderr), name
        server.store = copy.deepcopy(store)
        office.world.git("reset", "-q", "--hard", head)
        office.write_credentials()
        kept(office).write_bytes(state)
