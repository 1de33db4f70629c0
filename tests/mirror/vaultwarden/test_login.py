"""Logins of people and of service accounts, and how they are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from plana_secrets.errors import CredentialError, MalformedError, PlanaSecretsError
from plana_secrets.mirror.backends.vaultwarden import failures
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import (
    ApiKey,
    Credentials,
    KeptLogin,
    load_login,
    store_login,
)
from plana_secrets.mirror.backends.vaultwarden.enrol import enrol_by_api_key, enrol_by_password
from plana_secrets.mirror.backends.vaultwarden.login import login_by_api_key, login_by_password
from plana_secrets.mirror.backends.vaultwarden.session import (
    KeyringLogin,
    Session,
    StateFile,
)
from plana_secrets.mirror.backends.vaultwarden.vault import Keys, read_sync
from plana_secrets.secret import Secret
from tests.fakes.people import Company, Person, totp
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer
from tests.mirror.vaultwarden.place import VaultwardenPlace


def logins(server: FakeVaultwarden) -> int:
    return server.seen.count("POST /identity/connect/token")


# A person's login


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[str, Secret]:
    """A keyring in memory behind the door to the real ones."""
    kept: dict[str, Secret] = {}
    door = "plana_secrets.age.keyring_store"
    monkeypatch.setattr(f"{door}.load_entry", kept.get)
    monkeypatch.setattr(f"{door}.store_entry", kept.__setitem__)
    monkeypatch.setattr(f"{door}.delete_entry", lambda name: kept.pop(name, None))
    return kept


def never() -> str:
    raise AssertionError("nobody is to be asked")


def test_a_person_logs_in_by_password_and_code(
    server: FakeVaultwarden, company: Company, keyring: dict[str, Secret]
) -> None:
    secret = company.staff.enable_totp()
    server.store.ahead += 60
    client = Client(server.url)
    password = Secret.from_text(company.staff.password)
    kept = enrol_by_password(client, company.staff.email, password, lambda: totp(secret, steps=2))
    store_login(kept)
    assert all(company.staff.password not in entry.reveal_text() for entry in keyring.values())
    loaded = load_login(server.url)
    assert loaded == kept
    session = Session(client, loaded.credentials, KeyringLogin(loaded))
    assert read_sync(session).profile.email == company.staff.email


@pytest.mark.parametrize("spelled", [" {} ", "{}\n", "{}\t"])
def test_blanks_around_an_email_address_do_not_count(
    server: FakeVaultwarden, company: Company, keyring: dict[str, Secret], spelled: str
) -> None:
    """The server takes them for another account where it says how the key is derived."""
    email = spelled.format(company.service.email.upper())
    password = Secret.from_text(company.service.password)
    kept = enrol_by_password(Client(server.url), email, password, never)
    assert kept.credentials.user_key == company.service.user_key.reveal()
    client_id, client_secret = company.service.api_key()
    key = ApiKey(client_id, Secret.from_text(client_secret))
    kept = enrol_by_api_key(Client(server.url), email, key, password)
    assert kept.credentials.user_key == company.service.user_key.reveal()


def test_a_persons_login_is_renewed_without_a_password(
    server: FakeVaultwarden, company: Company, keyring: dict[str, Secret]
) -> None:
    password = Secret.from_text(company.staff.password)
    kept = enrol_by_password(Client(server.url), company.staff.email, password, never)
    store_login(kept)
    server.store.ahead += 3 * 3600
    session = Session(Client(server.url), kept.credentials, KeyringLogin(kept))
    read_sync(session)
    renewed = load_login(server.url)
    assert renewed is not None
    assert renewed.access_token != kept.access_token
    assert renewed.refresh_token is not None


def test_a_kept_login_says_for_which_server_it_is(
    server: FakeVaultwarden, company: Company, keyring: dict[str, Secret]
) -> None:
    """Its name in the keyring is no proof: what is inside must say the same."""
    password = Secret.from_text(company.staff.password)
    store_login(enrol_by_password(Client(server.url), company.staff.email, password, never))
    (entry,) = keyring.values()
    other = "https://vault.example.test"
    keyring[f"vaultwarden {other}"] = entry
    moved = load_login(other)
    assert moved is not None
    seen = list(server.seen)
    with pytest.raises(CredentialError) as error:
        Session(Client(other), moved.credentials, KeyringLogin(moved))
    assert (error.value.kind, server.seen) == ("credentials-elsewhere", seen)
    content = json.loads(entry.reveal())
    del content["url"]
    keyring[f"vaultwarden {server.url}"] = Secret.from_text(json.dumps(content))
    with pytest.raises(MalformedError) as unbound:
        load_login(server.url)
    assert unbound.value.kind == "login-unreadable"


def test_a_login_that_the_server_forgot_asks_for_a_new_one(
    server: FakeVaultwarden, company: Company, keyring: dict[str, Secret]
) -> None:
    password = Secret.from_text(company.staff.password)
    kept = enrol_by_password(Client(server.url), company.staff.email, password, never)
    server.store.tokens.clear()
    server.store.refresh_tokens.clear()
    with pytest.raises(CredentialError) as error:
        read_sync(Session(Client(server.url), kept.credentials, KeyringLogin(kept)))
    assert error.value.kind == "login-expired"


def test_a_service_account_needs_its_password_once(
    server: FakeVaultwarden, company: Company
) -> None:
    client_id, client_secret = company.service.api_key()
    api_key = ApiKey(client_id, Secret.from_text(client_secret))
    password = Secret.from_text(company.service.password)
    kept = enrol_by_api_key(Client(server.url), company.service.email, api_key, password)
    assert kept.credentials.master_password is None
    assert kept.credentials.user_key == company.service.user_key.reveal()


def test_a_kept_key_that_is_no_longer_the_accounts_is_named(place: VaultwardenPlace) -> None:
    session = place.session()
    session.credentials = replace(session.credentials, user_key=Secret(bytes(64)))
    sync = read_sync(session)
    with pytest.raises(CredentialError) as error:
        Keys(session).open_organization_key(sync.profile.organizations[0], sync)
    assert error.value.kind == "login-outdated"


# What is refused


def refuse(server: FakeVaultwarden, company: Company, change: str) -> None:
    user = server.store.user_of_email(company.service.email)
    assert user is not None
    match change:
        case "disabled":
            user.enabled = False
        case "other key":
            user.api_key = "rotated"
        case "gone":
            del server.store.users[user.id]
        case "limit":
            server.store.login_burst = server.store.logins


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        ("disabled", "login-disabled", 4),
        ("other key", "api-key-refused", 4),
        ("gone", "api-key-refused", 4),
        ("limit", "login-rate-limited", 5),
    ],
)
def test_a_refused_api_key_is_explained(
    server: FakeVaultwarden, place: VaultwardenPlace, change: str, kind: str, code: int
) -> None:
    session = place.session()
    refuse(server, place.company, change)
    with pytest.raises(PlanaSecretsError) as error:
        session.get("/api/sync", task="look")
    assert (error.value.kind, error.value.exit_code) == (kind, code)
    assert logins(server) == 1


def test_credentials_that_the_server_refuses_are_not_called_a_stored_login() -> None:
    """Some servers answer to an API key as they do to a login that is over."""

    class Refusing(Client):
        def post_form(self, *_arguments: object, **_more: object) -> failures.Answer:
            return failures.Answer(400, b'{"error": "invalid_grant"}')

    with pytest.raises(CredentialError) as error:
        login_by_api_key(Refusing("https://v.example.com"), ApiKey("user.1", Secret(b"x")), "a@b")
    assert (error.value.kind, "stored" in error.value.message) == ("api-key-refused", False)


def test_a_wrong_master_password_in_the_file_is_told_from_a_wrong_key(
    place: VaultwardenPlace,
) -> None:
    session = place.session()
    credentials = replace(session.credentials, user_key=None, master_password=Secret(b"wrong"))
    other = Session(session.client, credentials, StateFile(place.folder, "x", "y"))
    with pytest.raises(CredentialError) as error:
        Keys(other).open_user_key(read_sync(other))
    assert error.value.kind == "wrong-master-password"


def sso(server: FakeVaultwarden, person: Person) -> None:
    server.store.sso_only = True


def one_time_code(server: FakeVaultwarden, person: Person) -> None:
    person.enable_totp()


def security_key(server: FakeVaultwarden, person: Person) -> None:
    user = server.store.user_of_email(person.email)
    assert user is not None
    user.other_factor = True


def weak_derivation(server: FakeVaultwarden, person: Person) -> None:
    user = server.store.user_of_email(person.email)
    assert user is not None
    user.iterations = 1


def nothing(server: FakeVaultwarden, person: Person) -> None:
    pass


@pytest.mark.parametrize(
    ("prepare", "password", "kind"),
    [
        (sso, "", "sso-only"),
        (one_time_code, "", "totp-required"),
        (security_key, "", "two-factor-unsupported"),
        (weak_derivation, "", "kdf-refused"),
        (nothing, "wrong", "login-refused"),
    ],
)
def test_a_refused_password_is_explained(
    server: FakeVaultwarden,
    company: Company,
    prepare: Callable[[FakeVaultwarden, Person], None],
    password: str,
    kind: str,
) -> None:
    prepare(server, company.staff)
    with pytest.raises(PlanaSecretsError) as error:
        login_by_password(
            Client(server.url),
            company.staff.email,
            Secret.from_text(password or company.staff.password),
        )
    assert error.value.kind == kind
    assert company.staff.password not in str(error.value)
    if kind == "kdf-refused":
        assert logins(server) == 0, "nothing derived from the password is sent"


def test_a_code_is_good_once(server: FakeVaultwarden, company: Company) -> None:
    secret = company.staff.enable_totp()
    code = totp(secret, steps=1)
    password = Secret.from_text(company.staff.password)
    login_by_password(Client(server.url), company.staff.email, password, code=code)
    with pytest.raises(CredentialError) as error:
        login_by_password(Client(server.url), company.staff.email, password, code=code)
    assert error.value.kind == "totp-refused"
    assert code not in error.value.message


@pytest.mark.parametrize(
    "body",
    [b"x", b"{}", b'{"access_token": 1, "expires_in": 1}', b'"x"', b""],
)
def test_a_login_that_is_answered_with_nonsense_is_malformed(
    server: FakeVaultwarden, place: VaultwardenPlace, body: bytes
) -> None:
    session = place.session()
    server.fail(1, Fault(answer=Answer(200, body)), path="/identity/connect/token")
    with pytest.raises(MalformedError) as error:
        session.get("/api/sync", task="look")
    assert error.value.kind == "bad-answer"


def test_an_account_of_version_2_is_named(server: FakeVaultwarden, place: VaultwardenPlace) -> None:
    session = place.session()
    body = json.loads(session.get("/api/sync", task="look"))
    body["profile"]["accountKeys"]["securityState"] = {"x": 1}
    server.fail(1, Fault(answer=Answer(200, json.dumps(body).encode())), path="/api/sync")
    with pytest.raises(MalformedError) as error:
        place.open().list_items()
    assert error.value.kind == "account-v2"


def test_what_is_kept_of_a_login_shows_no_secret() -> None:
    account = Credentials("https://x", "a@b", ApiKey("c", Secret(b"s3nt1nel")))
    login = KeptLogin(account, Secret(b"s3nt1nel"))
    assert "s3nt1nel" not in repr(login)
