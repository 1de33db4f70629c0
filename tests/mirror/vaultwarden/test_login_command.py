"""``login`` and ``logout`` at a terminal, with a real keyring of the system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.mirror.backends.vaultwarden import account
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.desk import LoginRequest
from tests.fakes.people import Company, totp
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.desk import Desk
from tests.mirror.vaultwarden.office import Office
from tests.world import World


@pytest.fixture
def desk(world: World, company: Company, monkeypatch: pytest.MonkeyPatch) -> Desk:
    office = Office(world, company)
    office.configure()
    office.add_files(1)
    office.world.commit()
    return Desk(office, monkeypatch)


@pytest.mark.long
def test_staff_log_in_with_a_code_look_and_log_out(desk: Desk, server: FakeVaultwarden) -> None:
    staff = desk.office.company.staff
    secret = staff.enable_totp()
    server.store.ahead += 60
    answers = [
        ("e-mail", staff.email),
        ("master password", staff.password),
        ("one-time code", totp(secret, steps=2)),
    ]
    done = desk.login(answers=answers)
    assert done.status == 0, done.screen
    assert f"as {staff.email}" in done.screen
    before_password = done.screen.partition("master password for")[0]
    assert f"logging in to {desk.office.company.url}" in before_password
    assert staff.password not in done.screen
    assert not done.echoed["master password"]
    assert desk.run("mirror", "status")[0] == 0
    status, said = desk.run("mirror", "sync")
    assert (status, "may not write" in said) == (4, True)
    assert desk.run("logout")[0] == 0
    status, said = desk.run("mirror", "status")
    assert (status, "no login for" in said) == (4, True)


def test_a_service_account_logs_in_by_api_key_and_syncs(desk: Desk) -> None:
    service = desk.office.company.service
    client_id, client_secret = service.api_key()
    answers = [
        ("client id", client_id),
        ("client secret", client_secret),
        ("master password", service.password),
    ]
    done = desk.login("--api-key", "--email", service.email, answers=answers)
    assert done.status == 0, done.screen
    assert client_secret not in done.screen
    assert not done.echoed["client secret"]
    status, said = desk.run("mirror", "sync")
    assert (status, "1 created" in said) == (0, True)


def test_nothing_is_asked_where_nobody_can_keep_it(desk: Desk) -> None:
    """Without a keyring the password is not even asked for."""
    refused = desk.office.world.run("login")
    assert (refused.status, "no keyring can be used here" in refused.stderr) == (4, True)


def test_the_certificate_that_was_named_counts_at_the_configured_server_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account.keyring_store, "backend_name", lambda: "a keyring")
    settings = VaultwardenSettings(url="https://127.0.0.1:9", organization="o")
    request = LoginRequest(None, None, False, str(tmp_path / "none.pem"))
    desk: Any = None  # nothing is asked before
    with pytest.raises(FailedError) as error:
        account.log_in(settings, request, desk, lambda: tmp_path, lambda _: None)
    assert error.value.kind == "bad-ca-file"
