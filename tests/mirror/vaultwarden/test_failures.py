"""What goes wrong has a kind, a hint and no secret, and credentials go to one server only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer
from tests.mirror.vaultwarden.office import Office
from tests.mirror.vaultwarden.test_office import VALUE

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("url", "kind", "code"),
    [
        ("https://vault.example.test", "credentials-elsewhere", 4),
        ("http://127.0.0.1:9", "credentials-elsewhere", 4),
        ("http://localhost:{port}", "credentials-elsewhere", 4),
        ("{url}/vault", "credentials-elsewhere", 4),
        ("", "credentials-unbound", 4),
        (None, "credentials-unbound", 4),
        ("https://anna:pw@vault.example.test", "bad-url", 2),
    ],
)
@pytest.mark.parametrize("sops", [False, True])
def test_another_server_gets_nothing_of_a_credentials_file(
    office: Office, server: FakeVaultwarden, url: str | None, kind: str, code: int, sops: bool
) -> None:
    """Not even the client id, and the port counts: the configuration is not believed."""
    office.write_credentials()
    plain = Path(office.credentials).read_text().splitlines(keepends=True)
    kept = [line for line in plain if not line.startswith("url:")]
    if url is not None:
        port = server.url.rpartition(":")[2]
        kept.append(f'url: "{url.format(url=server.url, port=port)}"\n')
    path = Path(office.credentials)
    path.write_text("".join(kept))
    if sops:
        path = office.world.encrypt("infra/secrets/prod/credentials.yaml", path.read_text())
    server.seen.clear()
    environment = {"PLANA_SECRETS_VAULTWARDEN_CREDENTIALS": str(path)}
    for argv in (["mirror", "status"], ["mirror", "sync"], ["mirror", "audit"]):
        done = office.run(*argv, "--json", env=environment)
        answer = json.loads(done.stdout)
        assert (answer["kind"], done.status, server.seen) == (kind, code, [])
        assert answer["hint"]


def test_the_line_to_add_is_named(office: Office) -> None:
    office.write_credentials()
    path = Path(office.credentials)
    text = path.read_text()
    path.write_text("".join(one for one in text.splitlines(True) if not one.startswith("url:")))
    assert "add the line `url: https://HOST`" in office.run("mirror", "status").stderr
    path.write_text(text.replace("http:", "HTTP:"))
    assert office.run("mirror", "status").status == 0


HTML = Answer(503, f"<html>{VALUE}</html>".encode(), "text/html", {"Retry-After": "0"})


def limit(office: Office, server: FakeVaultwarden) -> None:
    server.store.login_burst = server.store.logins


def other_key(office: Office, server: FakeVaultwarden) -> None:
    office.write_credentials(client_secret="an0ther-s3cret")


def other_password(office: Office, server: FakeVaultwarden) -> None:
    office.write_credentials(master_password="an0ther-passw0rd")


def hostile_kdf(office: Office, server: FakeVaultwarden) -> None:
    user = server.store.user_of_email(office.company.service.email)
    assert user is not None
    user.iterations = 1


def html(office: Office, server: FakeVaultwarden) -> None:
    server.before = lambda request: Fault(answer=HTML) if request.path == "/api/sync" else None


def malformed(office: Office, server: FakeVaultwarden) -> None:
    answer = Answer(200, f'{{"profile": "{VALUE}"'.encode())
    server.before = lambda request: Fault(answer=answer) if request.path == "/api/sync" else None


def no_credentials(office: Office, server: FakeVaultwarden) -> None:
    office.world.folder.joinpath("credentials.yaml").unlink()


@pytest.mark.parametrize(
    ("prepare", "kind", "code"),
    [
        (limit, "login-rate-limited", 5),
        (other_key, "api-key-refused", 4),
        (other_password, "wrong-master-password", 4),
        (hostile_kdf, "kdf-refused", 3),
        (html, "server-error", 5),
        (malformed, "bad-answer", 3),
        (no_credentials, "credentials-unreadable", 4),
    ],
)
@pytest.mark.long
def test_what_goes_wrong_has_a_kind_a_hint_and_no_secret(
    office: Office,
    server: FakeVaultwarden,
    prepare: Callable[[Office, FakeVaultwarden], None],
    kind: str,
    code: int,
) -> None:
    office.sentinels.append(VALUE)
    prepare(office, server)
    result = office.run("mirror", "status", "--json", "-vv")
    error = json.loads(result.stdout)
    assert (error["kind"], error["code"], result.status) == (kind, code, code)
    assert error["hint"]


def test_without_any_credentials_it_says_how_to_log_in(office: Office) -> None:
    result = office.world.run("mirror", "status", env={"XDG_STATE_HOME": str(office.world.folder)})
    assert result.status == 4
    assert "plana-secrets login" in result.stderr
