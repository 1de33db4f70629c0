"""A server, or something on the way to it, that means harm."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from plana_secrets.errors import MalformedError, PlanaSecretsError, UnavailableError
from plana_secrets.mirror.address import checked_url
from plana_secrets.mirror.backends.vaultwarden import client as client_module
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from plana_secrets.mirror.backends.vaultwarden.client import Client, LostAnswerError
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.mirror.backends.vaultwarden.models import Token, read_answer
from tests.fakes.people import wrap_for
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.sockets import answering

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def say(text: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(text)

    return speak


def drip(head: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            time.sleep(0.02)

    return speak


@pytest.mark.parametrize(
    ("head", "drop"),
    [(HEAD, b" "), (LONG, b" "), (CHUNKED, b"1\r\n \r\n")],
    ids=["length", "long", "chunked"],
)
def test_an_answer_that_drips_comes_to_an_end(
    monkeypatch: pytest.MonkeyPatch, head: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(client_module, "WHOLE_DEADLINE", 0.2)
    start = time.monotonic()
    with answering(drip(head, drop)) as url, pytest.raises(LostAnswerError, match="too long"):
        Client(url).call("POST", "/api/x", task="look")
    assert time.monotonic() - start < 10


def test_an_answer_in_pieces_is_whole() -> None:
    """As proxies send it."""
    with answering(say(CHUNKED + b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n")) as url:
        assert Client(url).get("/api/x", task="look") == b"[1,2]"


@pytest.mark.parametrize("head", [HEAD, LONG])
def test_half_an_answer_is_none(head: bytes) -> None:
    half = head + b'"1.37.2"'
    with answering(say(half)) as url, pytest.raises(LostAnswerError):
        Client(url).call("POST", "/api/x", task="look")


@pytest.mark.parametrize("head", [HEAD, LONG])
def test_an_answer_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr("plana_secrets.limits.SERVER_ANSWER", 1_000)
    endless = head + b" " * 600_000
    with answering(say(endless)) as url, pytest.raises(MalformedError) as error:
        Client(url).get("/api/sync", task="look")
    assert error.value.kind == "bad-answer"


@pytest.mark.parametrize("path", ["/identity/connect/token", "/api/sync"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_gets_no_credentials_and_no_token(
    server: FakeVaultwarden, place: VaultwardenPlace, path: str, status: int
) -> None:
    elsewhere = FakeVaultwarden()
    answer = Answer(status, b"", headers={"Location": f"{elsewhere.url}{path}"})
    server.fail(1, Fault(answer=answer), path=path)
    with pytest.raises(UnavailableError) as error:
        place.open().list_items()
    elsewhere.stop()
    assert (error.value.kind, elsewhere.seen) == ("guarded-server", [])


@pytest.mark.parametrize("token", ["a\\r\\nX-Evil: 1", "\\u20ac", ""])
def test_a_token_that_is_none_is_no_login(
    server: FakeVaultwarden, place: VaultwardenPlace, token: str
) -> None:
    body = f'{{"access_token": "{token}", "expires_in": 7200}}'.encode()
    server.fail(1, Fault(answer=Answer(200, body)), path="/identity/connect/token")
    with pytest.raises(MalformedError) as error:
        place.open().list_items()
    assert error.value.kind == "bad-answer"


def test_another_key_of_the_organisation_gets_no_secret(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    """A server knows everybody's public key: it can hand out a key of its own making."""
    company = place.company
    member = next(one for one in server.store.members.values() if one.user == company.service.id)
    backend = VaultwardenBackend(
        place.session(), company.id, ["prod"], key_fingerprint=company.key.fingerprint
    )
    assert backend.list_items().items == ()
    member.key = wrap_for(company.service.public, SymmetricKey.generate())
    with pytest.raises(MalformedError) as error:
        backend.list_items()
    assert error.value.kind == "another-key"


def test_an_address_with_a_password_in_it_is_not_repeated() -> None:
    with pytest.raises(PlanaSecretsError) as error:
        checked_url("https://anna:s3nt1nel@vault.example.com")
    assert "s3nt1nel" not in f"{error.value} {error.value.facts}"


@pytest.mark.parametrize(
    "when",
    [
        "Wed, 21 Oct 99999 07:28:00 GMT",
        "garbage",
        "9" * 5000,
    ],
)
@pytest.mark.long
def test_an_odd_time_to_try_again_is_as_none(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    monkeypatch.setattr(client_module, "BUSY_PAUSE", 0.01)
    busy = f"HTTP/1.1 429 Busy\r\nRetry-After: {when}\r\nContent-Length: 0\r\n\r\n".encode()
    with answering(say(busy)) as url, pytest.raises(PlanaSecretsError) as error:
        Client(url).get("/api/x", task="look")
    assert error.value.exit_code == 5


@pytest.mark.parametrize("lifetime", ["0", "-1", "1e400", "9" * 400, "null", '"soon"'])
def test_a_token_for_no_time_or_for_ever_is_refused(lifetime: str) -> None:
    answer = f'{{"access_token": "x", "expires_in": {lifetime}}}'.encode()
    with pytest.raises(MalformedError) as error:
        read_answer(answer, Token, "log in")
    assert error.value.kind == "bad-answer"
