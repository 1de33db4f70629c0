"""HTTP: where we connect, what is repeated, and what an answer that is none means."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UnavailableError,
    UsageError,
)
from plana_secrets.mirror.address import checked_url
from plana_secrets.mirror.backends.vaultwarden.client import (
    Client,
    LostAnswerError,
)
from plana_secrets.mirror.backends.vaultwarden.version import check_version
from plana_secrets.secret import Secret
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Answer
from tests.mirror.vaultwarden.sockets import answering

HTML = Answer(502, b"<html><body>Bad Gateway: t0ken</body></html>", "text/html")


@pytest.mark.parametrize(
    "url",
    [
        "https://vault.example.com",
        "https://vault.example.com:8443/vault/",
        "http://127.0.0.1:8000",
        "http://localhost",
        "http://[::1]:8000",
    ],
)
def test_https_and_this_machine_are_accepted(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "known_as"),
    [
        ("HTTPS://Vault.Example.COM/", "https://vault.example.com"),
        ("https://vault.example.com:443", "https://vault.example.com"),
        ("https://vault.example.com:/", "https://vault.example.com"),
        ("https://vault.example.com:8443//", "https://vault.example.com:8443"),
        ("https://vault.example.com/Vault/", "https://vault.example.com/Vault"),
        ("http://LOCALHOST:80/", "http://localhost"),
        ("http://[0:0:0:0:0:0:0:1]:8000", "http://[::1]:8000"),
    ],
)
def test_one_server_has_one_spelling(url: str, known_as: str) -> None:
    assert checked_url(url) == checked_url(known_as) == known_as


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://vault.example.com", "insecure-url"),
        ("http://127.0.0.1.example.com", "insecure-url"),
        ("http://192.168.0.1", "insecure-url"),
        ("ftp://127.0.0.1", "insecure-url"),
        ("vault.example.com", "bad-url"),
        ("https://anna:pw@vault.example.com", "bad-url"),
        ("https://vault.example.com/?a=b", "bad-url"),
        ("https://vault.example.com:port", "bad-url"),
        ("https://vault.example.com?", "bad-url"),
        ("https://vault.example.com#", "bad-url"),
        ("https://vault.example.com:0", "bad-url"),
        ("https://vault.example.com/a/../b", "bad-url"),
        ("https://vault.example.com//a", "bad-url"),
        ("https://vault.example.com/%2e%2e/b", "bad-url"),
        ("https://vault.example.com\\@evil.example.com", "bad-url"),
        ("https://evil.example.com\t.example.com", "bad-url"),
        ("https://vault.example.com\n", "bad-url"),
        ("https://v\u00e4ult.example.com", "bad-url"),
        ("https://vau\u200blt.example.com", "bad-url"),
        ("https://vault.example.com.", "bad-url"),
        ("https://[::1", "bad-url"),
        ("https://[vault]", "bad-url"),
        ("", "bad-url"),
    ],
)
def test_other_addresses_are_refused(url: str, kind: str) -> None:
    with pytest.raises(UsageError) as error:
        checked_url(url)
    assert error.value.kind == kind


def test_a_reading_call_is_repeated(server: FakeVaultwarden) -> None:
    server.fail(1, Fault())
    assert Client(server.url).get("/api/version", task="look") == b'"1.37.2"'
    assert server.seen == ["GET /api/version"] * 2


def test_a_busy_server_is_asked_again_after_a_pause(server: FakeVaultwarden) -> None:
    server.fail(1, Fault(answer=Answer(503, b"", headers={"Retry-After": "0"})))
    client = Client(server.url)
    assert client.get("/api/version", task="look") == b'"1.37.2"'
    assert client.requests == 2


@pytest.mark.parametrize("done", [False, True])
def test_a_writing_call_is_sent_once(server: FakeVaultwarden, done: bool) -> None:
    server.fail(1, Fault(done=done))
    with pytest.raises(LostAnswerError) as error:
        Client(server.url).call("POST", "/api/ciphers/create", task="create", body={})
    assert len(server.seen) == 1
    assert error.value.exit_code == 5


def test_a_server_error_after_a_write_may_have_done_it(server: FakeVaultwarden) -> None:
    server.fail(1, Fault(done=True, answer=HTML))
    with pytest.raises(LostAnswerError) as error:
        Client(server.url).call("POST", "/api/ciphers/create", task="create", body={})
    assert "t0ken" not in str(error.value)


@pytest.mark.parametrize(
    ("answer", "error", "kind"),
    [
        pytest.param(
            Answer(301, b"", headers={"Location": "https://evil.test/api/sync/"}),
            UsageError,
            "server-redirects",
            id="redirect",
        ),
        *(
            pytest.param(
                Answer(302, b"", headers={"Location": place}),
                UnavailableError,
                "guarded-server",
                id=f"redirect to a login page {number}",
            )
            for number, place in enumerate(
                ("https://evil.test/?rd=https://vault.test/api/sync", "/login", "", "http://[evil")
            )
        ),
        pytest.param(Answer(401, b"<html>"), UnavailableError, "guarded-server", id="401 in HTML"),
        pytest.param(Answer(403, b"<html>"), UnavailableError, "guarded-server", id="403 in HTML"),
        pytest.param(Answer(403, b"{}"), MalformedError, "server-refuses", id="403"),
        pytest.param(Answer(200, b" <html>"), UnavailableError, "guarded-server", id="a page"),
        pytest.param(Answer(401, b"{}"), CredentialError, "not-allowed", id="401"),
        pytest.param(
            Answer(404, b"<html>", "text/html"), MalformedError, "not-vaultwarden", id="404"
        ),
        pytest.param(
            Answer(400, b"<html>", "text/html"), FailedError, "proxy-refuses", id="400 in HTML"
        ),
        pytest.param(Answer(400, b"[1]"), MalformedError, "server-refuses", id="400 with a list"),
        pytest.param(
            Answer(400, b'{"message": 1, "errorModel": "x"}'),
            MalformedError,
            "server-refuses",
            id="400 of other types",
        ),
        pytest.param(Answer(413, b"{}"), FailedError, "item-too-large", id="413"),
        pytest.param(Answer(422, b"{}"), MalformedError, "server-refuses", id="422"),
        pytest.param(
            Answer(418, b"\xff\xfe"), MalformedError, "server-refuses", id="no text at all"
        ),
    ],
)
def test_a_refusal_becomes_an_error_of_ours(
    server: FakeVaultwarden, answer: Answer, error: type[PlanaSecretsError], kind: str
) -> None:
    server.fail(1, Fault(answer=answer))
    with pytest.raises(error) as raised:
        Client(server.url).get("/api/sync", task="look", token=Secret(b"t0ken"))
    assert raised.value.kind == kind
    assert "evil" not in str(raised.value)
    assert "t0ken" not in str(raised.value)


def test_a_server_that_is_down_is_unreachable(server: FakeVaultwarden) -> None:
    url = server.url
    server.stop()
    try:
        with pytest.raises(UnavailableError) as error:
            Client(url).call("POST", "/api/ciphers/create", task="create", body={})
        assert (error.value.kind, type(error.value)) == ("unreachable", UnavailableError)
    finally:
        server.start()


def ask_through(proxy: str, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("no_proxy", "inside.example.test")
    Client(url).call("POST", "/api/version", task="look")


def test_a_proxy_of_the_environment_is_used_and_told_no_more_than_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = []

    def refuse(connection: socket.socket) -> None:
        heard.append(connection.recv(1 << 16).decode().partition(" HTTP")[0])
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with answering(refuse) as proxy, pytest.raises(UnavailableError) as error:
        ask_through(proxy, monkeypatch, "https://vault.example.test/path")
    assert error.value.kind == "proxy"
    assert set(heard) == {"CONNECT vault.example.test:443"}


@pytest.mark.parametrize("url", ["https://127.0.0.1:9", "https://inside.example.test:9"])
def test_a_server_on_this_machine_or_outside_of_the_proxy_is_asked_directly(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(UnavailableError) as error:
        ask_through("http://127.0.0.1:9", monkeypatch, url)
    assert error.value.kind == "unreachable"


def test_a_proxy_that_is_no_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as error:
        ask_through("ftp://anna:s3nt1nel@proxy", monkeypatch, "https://vault.example.test")
    assert error.value.kind == "bad-proxy"
    assert "s3nt1nel" not in str(error.value)


def test_tls_is_verified(tmp_path: Path, server: FakeVaultwarden) -> None:
    """A server that does not even speak TLS is no secure server."""
    with pytest.raises(UnavailableError) as error:
        Client(server.url.replace("http:", "https:")).get("/api/version", task="look")
    assert error.value.kind == "tls-refused"
    bad = tmp_path / "ca.pem"
    bad.write_text("not a certificate")
    with pytest.raises(FailedError) as refused:
        Client("https://127.0.0.1", ca_file=bad)
    assert refused.value.kind == "bad-ca-file"


@pytest.mark.parametrize("version", ["1.37.0", "1.37.2", "1.38.0", "2.0.0", "1.37.2-abcdef"])
def test_a_new_server_is_good_enough(server: FakeVaultwarden, version: str) -> None:
    server.store.version = version
    check_version(Client(server.url))


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("1.36.9", "server-too-old"),
        ("1.9.0", "server-too-old"),
        ("", "not-vaultwarden"),
        ("x", "not-vaultwarden"),
    ],
)
def test_an_old_or_unknown_server_is_refused(
    server: FakeVaultwarden, version: str, kind: str
) -> None:
    server.store.version = version
    with pytest.raises(FailedError) as error:
        check_version(Client(server.url))
    assert error.value.kind == kind


@pytest.mark.parametrize("body", [b"x", b"", b"{}", b'{"version": 1}', b"\xff", b"[" * 100_000])
def test_an_answer_of_another_form_is_named(server: FakeVaultwarden, body: bytes) -> None:
    server.fail(1, Fault(answer=Answer(200, body)))
    with pytest.raises(MalformedError) as error:
        check_version(Client(server.url))
    assert error.value.kind == "bad-answer"
