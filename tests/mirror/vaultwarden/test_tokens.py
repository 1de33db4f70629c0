"""Credentials files, and tokens that are kept from run to run."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from plana_secrets.age.identities import Identities, parse_identity_file
from plana_secrets.errors import CredentialError
from plana_secrets.mirror.accountfile import credentials_file
from plana_secrets.mirror.backends.vaultwarden.credentials import (
    ApiKey,
    read_credentials_file,
)
from plana_secrets.mirror.backends.vaultwarden.session import (
    forget_tokens,
)
from plana_secrets.mirror.backends.vaultwarden.settings import VARIABLE
from plana_secrets.secret import Secret
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.world import World

COMPLETE = """\
url: https://vault.example.test
email: a@example.test
master_password: s3nt1nel
client_id: user.1
client_secret: x
"""


def no_identities() -> Identities:
    return Identities((), ())


def logins(server: FakeVaultwarden) -> int:
    return server.seen.count("POST /identity/connect/token")


# Credentials files


def test_a_plain_file_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "credentials.yaml"
    path.write_text(COMPLETE)
    path.chmod(0o640)
    with pytest.raises(CredentialError) as error:
        read_credentials_file(path, no_identities)
    assert error.value.kind == "credentials-exposed"
    path.chmod(0o600)
    found = read_credentials_file(path, no_identities)
    assert (found.email, found.master_password) == ("a@example.test", Secret(b"s3nt1nel"))


def test_a_file_that_is_none_is_a_matter_of_credentials(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "link", "pipe", "."):
        with pytest.raises(CredentialError, match="the credentials file /") as error:
            read_credentials_file(tmp_path / name, no_identities)
        assert error.value.kind == "credentials-unreadable"


def test_a_sops_file_serves_as_credentials(world: World) -> None:
    path = world.encrypt("infra/secrets/prod/mirror.yaml", COMPLETE)
    identities = parse_identity_file(Secret(world.key_file.read_bytes()), "test")
    found = read_credentials_file(path, lambda: identities)
    assert found.api_key == ApiKey("user.1", Secret(b"x"))


def test_what_is_missing_in_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "credentials.yaml"
    path.write_text("email: a@example.test\nmaster_password: s3nt1nel\nclient_id: ''\n")
    path.chmod(0o600)
    with pytest.raises(CredentialError, match="lacks url, client_id, client_secret") as error:
        read_credentials_file(path, no_identities)
    assert "s3nt1nel" not in error.value.message


def test_the_environment_names_it_before_the_configuration(tmp_path: Path) -> None:
    named = "in/repo.yaml"
    assert credentials_file(VARIABLE, named, {}, tmp_path) == tmp_path / named
    chosen = {VARIABLE: "/elsewhere.yaml"}
    assert credentials_file(VARIABLE, named, chosen, tmp_path) == Path("/elsewhere.yaml")
    assert credentials_file(VARIABLE, None, {}, tmp_path) is None


# Tokens


def test_a_token_is_kept_for_the_next_run(
    server: FakeVaultwarden, place: VaultwardenPlace, tmp_path: Path
) -> None:
    for _ in range(3):
        place.open().list_items()
    assert logins(server) == 1
    kept = list(tmp_path.glob("vaultwarden-*.json"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600]
    forget_tokens(tmp_path, server.url)
    assert not list(tmp_path.glob("vaultwarden-*.json"))


def test_a_token_that_is_over_is_fetched_anew_once(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    place.open().list_items()
    server.store.ahead += 3 * 3600
    backend = place.open()
    backend.list_items()
    backend.list_items()
    assert logins(server) == 2


def test_a_login_that_ends_while_we_work_is_renewed(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    time = 0.0
    session = place.session()
    session._clock = lambda: time
    session.get("/api/sync", task="look")
    server.store.ahead += 3 * 3600
    time += 3 * 3600
    session.get("/api/sync", task="look")
    assert logins(server) == 2


def test_a_role_that_does_not_suffice_leads_to_one_login_at_most(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """The server says 401 to that, too."""
    place.open().list_items()
    session = place.session()
    path = f"/api/organizations/{place.company.id}/collections/details"
    for _ in range(3):
        with pytest.raises(CredentialError) as error:
            session.get(path, task="look")
        assert error.value.kind == "not-allowed"
    assert logins(server) == 2


def test_a_damaged_token_file_is_no_obstacle(place: VaultwardenPlace, tmp_path: Path) -> None:
    place.open().list_items()
    for path in tmp_path.glob("vaultwarden-*.json"):
        path.write_text("[")
    place.open().list_items()


def test_a_token_that_cannot_be_kept_stops_no_run(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    place.folder = Path("/proc/none")  # no user can create it
    for _ in range(2):
        place.open().list_items()
    assert logins(server) == 2


def test_a_token_that_others_may_read_is_not_used_and_is_hidden_again(
    server: FakeVaultwarden, place: VaultwardenPlace, tmp_path: Path
) -> None:
    place.open().list_items()
    (path,) = tmp_path.glob("vaultwarden-*.json")
    path.chmod(0o644)
    place.open().list_items()
    assert logins(server) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_that_another_server_gave_is_not_used(
    server: FakeVaultwarden, place: VaultwardenPlace, tmp_path: Path
) -> None:
    place.open().list_items()
    (path,) = tmp_path.glob("vaultwarden-*.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"url": "https://vault.example.test"}))
    place.open().list_items()
    del content["url"]
    path.write_text(json.dumps(content))
    place.open().list_items()
    assert logins(server) == 3


def test_every_login_comes_from_the_same_device(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    devices = set()
    server.before = lambda request: (
        devices.add(request.form()["deviceidentifier"])  # type: ignore[func-returns-value]
        if request.path.endswith("/token")
        else None
    )
    for _ in range(2):
        place.open().list_items()
        server.store.ahead += 3 * 3600
    assert len(devices) == 1
