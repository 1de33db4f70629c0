"""What a real server refuses, and what it says of who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plana_secrets.errors import CredentialError, UnavailableError
from plana_secrets.mirror.backends.vaultwarden.audit import audit_access
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import ApiKey
from plana_secrets.mirror.backends.vaultwarden.enrol import enrol_by_api_key, enrol_by_password
from plana_secrets.mirror.backends.vaultwarden.kdf import Kdf
from plana_secrets.mirror.backends.vaultwarden.login import login_by_api_key, login_by_password
from plana_secrets.mirror.desk import AccessFinding
from plana_secrets.secret import Secret
from tests.fakes.people import MANAGER, Company, Person, grant, totp
from tests.live.server import RealServer
from tests.mirror.contract import make_item
from tests.mirror.vaultwarden.attempts import writing_attempts
from tests.mirror.vaultwarden.place import VaultwardenPlace

FILE = "infra/secrets/prod/a.yaml"


def test_staff_cannot_write_in_any_way(place: VaultwardenPlace) -> None:
    place.open().create_items([make_item(FILE, {"a": "1"}, collection="prod")])
    cipher = place.hand.find(FILE)
    tried = list(writing_attempts(place.company, cipher))
    assert len(tried) >= 19
    assert [name for name, allowed in tried if allowed] == []
    assert place.hand.find(FILE) == cipher


def test_staff_are_refused_by_us_before_anything_is_sent(place: VaultwardenPlace) -> None:
    with pytest.raises(CredentialError) as error:
        place.open(place.company.staff).create_items(
            [make_item(FILE, {"a": "1"}, collection="prod")]
        )
    assert error.value.kind == "mirror-read-only"


@pytest.fixture
def audited(place: VaultwardenPlace) -> Iterator[VaultwardenPlace]:
    company = place.company
    managed = {"prod": "manage", "dev": "manage", "other": "edit"}
    company.change_member(company.service, managed, MANAGER)
    yield place
    company.change_member(company.service, dict.fromkeys(("prod", "dev", "other"), "edit"))
    company.change_member(company.staff, {"prod": "view", "dev": "view"})


def errors(place: VaultwardenPlace) -> list[tuple[str, str, str | None]]:
    company = place.company
    found: tuple[AccessFinding, ...] = audit_access(
        place.session(),
        organization=company.id,
        collections=["prod", "dev"],
        service_account=company.service.email,
        break_glass=[company.owner.email],
    )
    return [(one.check, one.who, one.collection) for one in found if one.severity.value == "error"]


def test_the_audit_sees_who_may_write(audited: VaultwardenPlace) -> None:
    company = audited.company
    assert errors(audited) == []
    company.change_member(company.staff, {"prod": "edit", "dev": "view"})
    assert errors(audited) == [("member-writes", company.staff.email, "prod")]
    company.change_member(company.staff, {"prod": "view", "dev": "manage"})
    assert errors(audited) == [("member-writes", company.staff.email, "dev")]


def test_the_audit_sees_groups_and_second_collections(audited: VaultwardenPlace) -> None:
    company = audited.company
    audited.open().create_items([make_item(FILE, {"a": "1"}, collection="prod")])
    audited.hand.put_into(FILE, ["prod", "other"])
    rows = [grant(company.collections["prod"], "edit")]
    body = {
        "name": "team",
        "accessAll": False,
        "externalId": None,
        "collections": rows,
        "users": [],
    }
    base = f"/api/organizations/{company.id}/groups"
    group = company.owner.call("POST", base, body)["id"]
    try:
        assert errors(audited) == [
            ("group-writes", "team", "prod"),
            ("extra-collection", "other", "other"),
        ]
        owner = audit_access(
            audited.session(company.owner),
            organization=company.id,
            collections=["prod"],
            service_account=company.service.email,
            break_glass=[company.owner.email],
        )
        assert ("note", "group-writes") in [(one.severity.value, one.check) for one in owner]
    finally:
        company.owner.call("DELETE", f"{base}/{group}")


def test_an_account_that_cannot_see_does_not_look_green(place: VaultwardenPlace) -> None:
    with pytest.raises(CredentialError) as error:
        errors(place)
    assert error.value.kind == "audit-not-allowed"


# Logins


def test_a_person_logs_in_with_a_code_that_is_good_once(real_server: RealServer) -> None:
    person = Person(real_server.url, "code@example.test", kdf=Kdf("argon2id", 2, 16, 1)).register()
    secret = person.login().enable_totp()
    client, password = Client(real_server.url), Secret.from_text(person.password)
    code = totp(secret, steps=1)
    kept = enrol_by_password(client, person.email, password, lambda: code)
    assert kept.credentials.user_key == person.user_key.reveal()
    with pytest.raises(CredentialError) as error:
        login_by_password(client, person.email, password, code=code)
    assert error.value.kind == "totp-refused"
    with pytest.raises(CredentialError) as required:
        login_by_password(client, person.email, password)
    assert required.value.kind == "totp-required"
    client_id, client_secret = person.api_key()
    api_key = ApiKey(client_id, Secret.from_text(client_secret))
    by_key = enrol_by_api_key(client, person.email, api_key, password)
    assert by_key.credentials.user_key == person.user_key.reveal()
    with pytest.raises(CredentialError) as wrong:
        enrol_by_api_key(client, person.email, api_key, Secret(b"wrong"))
    assert wrong.value.kind == "wrong-master-password"


def test_refused_logins_are_told_apart(real_server: RealServer, company: Company) -> None:
    client = Client(real_server.url)
    client_id, _ = company.service.api_key()
    for attempt, kind in [
        (lambda: login_by_password(client, company.staff.email, Secret(b"x")), "login-refused"),
        (lambda: login_by_password(client, "no@example.test", Secret(b"x")), "login-refused"),
        (lambda: login_by_api_key(client, ApiKey(client_id, Secret(b"x")), "a"), "api-key-refused"),
        (lambda: login_by_api_key(client, ApiKey("user.x", Secret(b"x")), "a"), "api-key-refused"),
        (lambda: login_by_api_key(client, ApiKey("x", Secret(b"x")), "a"), "api-key-refused"),
    ]:
        with pytest.raises(CredentialError) as error:
            attempt()
        assert error.value.kind == kind


def test_too_many_logins_are_named(real_server: RealServer, tmp_path: Path) -> None:
    """With single sign-on as the rule as well: a login by password is refused by name."""
    limited = RealServer(
        tmp_path / "limited", LOGIN_RATELIMIT_MAX_BURST="2", LOGIN_RATELIMIT_SECONDS="600"
    )
    try:
        client = Client(limited.url)
        kinds = []
        for _ in range(3):
            with pytest.raises((CredentialError, UnavailableError)) as error:
                login_by_api_key(client, ApiKey("user.x", Secret(b"x")), "a")
            kinds.append(error.value.kind)
        assert kinds == ["api-key-refused", "api-key-refused", "login-rate-limited"]
    finally:
        limited.stop()


def test_single_sign_on_only_is_named(real_server: RealServer, tmp_path: Path) -> None:
    only = RealServer(
        tmp_path / "sso",
        SSO_ENABLED="true",
        SSO_ONLY="true",
        SSO_AUTHORITY="http://127.0.0.1:1/realm",
        SSO_CLIENT_ID="x",
        SSO_CLIENT_SECRET="x",
    )
    try:
        with pytest.raises(CredentialError) as error:
            login_by_password(Client(only.url), "a@example.test", Secret(b"x"))
        assert error.value.kind == "sso-only"
        with pytest.raises(CredentialError) as by_key:
            login_by_api_key(Client(only.url), ApiKey("user.x", Secret(b"x")), "a")
        assert by_key.value.kind == "api-key-refused"
    finally:
        only.stop()
