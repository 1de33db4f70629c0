"""What comes in place of an answer: too late, packed, from another service, over bad TLS."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from plana_secrets.errors import CredentialError, MalformedError, UnavailableError
from plana_secrets.mirror.backends.vaultwarden import client as client_module
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.version import check_version
from plana_secrets.observability import Event
from tests.fakes.tls import make_certificates
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer, Request
from tests.mirror.steps import PRUNE, make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.sockets import answering

PAGE = b"<!doctype html><html>Sign in</html>"


def test_a_long_wait_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "WAITING_AFTER", 0.05)
    monkeypatch.setattr(client_module, "ANSWER_DEADLINE", 0.3)
    told: list[Event] = []
    with answering(lambda _: time.sleep(1)) as url, pytest.raises(UnavailableError) as error:
        Client(url, observer=told.append).call("POST", "/api/x", task="do it")
    assert error.value.kind == "no-answer"
    assert [(one.name, one.facts["task"]) for one in told] == [("waiting", "do it")]


def test_no_call_waits_longer_than_half_a_minute_for_a_word() -> None:
    assert client_module.ANSWER_DEADLINE <= 30
    assert client_module.CONNECT_DEADLINE <= 30


def test_a_quick_answer_is_not_told(server: FakeVaultwarden) -> None:
    told: list[Event] = []
    check_version(Client(server.url, observer=told.append))
    assert {one.name for one in told} == {"http-request"}


def test_a_busy_server_that_names_no_time_gets_about_a_minute(
    server: FakeVaultwarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(client_module.time, "sleep", pauses.append)
    answers = iter([Fault(answer=Answer(429, b"{}"))] * 3)
    server.before = lambda _: next(answers, None)
    check_version(Client(server.url))
    assert pauses == [8.0, 16.0, 32.0]


# Packed


def packed(body: bytes) -> Answer:
    return Answer(200, gzip.compress(body), headers={"Content-Encoding": "gzip"})


def test_a_packed_answer_is_unpacked(server: FakeVaultwarden) -> None:
    server.fail(1, Fault(answer=packed(b'"1.37.2"')))
    assert Client(server.url).get("/api/version", task="look") == b'"1.37.2"'


@pytest.mark.parametrize(
    "answer",
    [
        packed(b" " * 100_000),
        Answer(200, b"no gzip", headers={"Content-Encoding": "gzip"}),
        Answer(200, packed(b"x" * 50).body[:-9], headers={"Content-Encoding": "gzip"}),
    ],
    ids=["too large", "none", "half"],
)
def test_a_packed_answer_has_the_same_limit(
    server: FakeVaultwarden, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr("plana_secrets.limits.SERVER_ANSWER", 10_000)
    server.fail(1, Fault(answer=answer))
    with pytest.raises(MalformedError) as error:
        Client(server.url).get("/api/version", task="look")
    assert error.value.kind == "bad-answer"


# Another service


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401, PAGE, "text/html", {"WWW-Authenticate": "Basic"}),
        Answer(401, b"Unauthorized", "text/plain"),
        Answer(403, PAGE, "text/html"),
        Answer(403, b'{"error": "forbidden"}'),
    ],
    ids=["basic", "Authelia", "Cloudflare", "a firewall"],
)
def test_a_refusal_before_any_login_is_not_vaultwardens(
    server: FakeVaultwarden, answer: Answer
) -> None:
    server.fail(1, Fault(answer=answer))
    with pytest.raises(UnavailableError) as error:
        check_version(Client(server.url))
    assert (error.value.kind, error.value.retry) == ("guarded-server", False)
    assert "in place of Vaultwarden" in error.value.message


ELSEWHERE = {
    "a login page": Answer(302, b"", headers={"Location": "https://auth.example.test/?rd=x"}),
    "this call elsewhere": Answer(308, b"", headers={"Location": "https://example.test{path}"}),
    "a page": Answer(200, PAGE, "text/html"),
    "no service": Answer(404, b"404 page not found", "text/plain"),
}


@pytest.mark.parametrize("how", list(ELSEWHERE))
@pytest.mark.parametrize(
    "path",
    [
        "/identity/connect/token",
        "/api/sync",
        "/api/accounts/revision-date",
        "/api/ciphers/create",
        "/api/ciphers/{id}",
        "/api/ciphers/{id}/collections_v2",
        "/api/ciphers/delete",
    ],
)
def test_what_answers_in_the_middle_of_a_run_is_unavailable(
    server: FakeVaultwarden, place: VaultwardenPlace, how: str, path: str
) -> None:
    """Whichever call it is: a server that was there may be there again."""
    items = [make_item(f"{n}.yaml", {"x": "1"}, collection="prod") for n in range(3)]
    sync(place.open(), items)
    ids = {one["id"] for one in place.hand.ciphers()}
    place.folder /= "without a token"
    moved = make_item("0.yaml", {"x": "2"}, collection="dev")
    backend, wanted = place.open(), [moved, make_item("new.yaml", {"x": "3"}, collection="prod")]
    started = []

    def before(request: Request) -> Fault | None:
        is_meant = path in {request.path, *(request.path.replace(one, "{id}") for one in ids)}
        started.extend([1] if is_meant else [])
        if not started:
            return None
        answer, there = ELSEWHERE[how], request.path
        headers = {name: text.format(path=there) for name, text in answer.headers.items()}
        return Fault(answer=replace(answer, headers=headers))

    server.before = before
    if path == "/api/accounts/revision-date":  # which is asked if a token seems to be over
        backend.list_items()
        server.store.tokens.clear()
    with pytest.raises(UnavailableError) as error:
        sync(backend, wanted, PRUNE)
    assert (error.value.kind, error.value.exit_code, error.value.retry) == (
        "guarded-server",
        5,
        True,
    )
    server.before = lambda _: None
    assert sync(place.open(), wanted, PRUNE).after.drift == ()


# A session that ends


def test_a_session_that_ends_in_the_middle_logs_in_once_more(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """The server forgot the token before its time: an owner deauthorized the sessions."""
    session = place.session()
    server.store.tokens.clear()
    session.get("/api/sync", task="look")
    server.store.tokens.clear()
    session.get("/api/sync", task="look")
    assert server.seen.count("POST /identity/connect/token") == 2


def test_many_calls_that_lose_their_session_log_in_once(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    backend = place.open()
    backend.list_items()
    server.store.tokens.clear()
    server.seen.clear()
    backend.create_items([make_item(f"{n}.yaml", {"x": "1"}, collection="prod") for n in range(20)])
    assert server.seen.count("POST /identity/connect/token") == 1
    assert len(place.open().list_items().items) == 20


def test_a_session_that_cannot_be_renewed_is_an_error(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    session = place.session()
    session.get("/api/sync", task="look")
    server.store.tokens.clear()
    user = server.store.user_of_email(place.company.service.email)
    assert user is not None
    user.enabled = False
    with pytest.raises(CredentialError):
        session.get("/api/sync", task="look")


# TLS


@contextmanager
def speaking_tls(files: tuple[Path, Path]) -> Iterator[str]:
    """A server that shows this certificate, and says nothing more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)

    def speak(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True):
            pass

    with answering(speak) as url:
        yield url.replace("http:", "https:")


def kind_of(url: str, ca_file: Path | None) -> str:
    with pytest.raises(UnavailableError) as error:
        Client(url, ca_file=ca_file).call("POST", "/api/x", task="look")
    assert not error.value.retry
    return error.value.kind


def test_what_is_wrong_with_a_certificate_is_told_apart(tmp_path: Path) -> None:
    for name in ("other", "named", "expired"):
        (tmp_path / name).mkdir()
    ca_file, files = make_certificates(tmp_path)
    other, _ = make_certificates(tmp_path / "other")
    with speaking_tls(files) as url:
        assert kind_of(url, other) == "tls-issuer"
        assert kind_of(url.replace("127.0.0.1", "localhost"), ca_file) == "tls-name"
    old_ca, old = make_certificates(tmp_path / "expired", days=-1)
    with speaking_tls(old) as url:
        assert kind_of(url, old_ca) == "tls-expired"


def test_a_server_without_tls_is_called_that(server: FakeVaultwarden) -> None:
    with pytest.raises(UnavailableError) as error:
        Client(server.url.replace("http:", "https:")).get("/api/version", task="look")
    assert "does not speak TLS" in error.value.message
