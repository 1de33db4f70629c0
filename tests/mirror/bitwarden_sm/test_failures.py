"""A server that hangs, drops, refuses or lies, and a worker that ends: what a call says then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
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
from plana_secrets.mirror.backends.bitwarden_sm import client as client_module
from plana_secrets.mirror.backends.bitwarden_sm.client import Address, Client, Content
from plana_secrets.mirror.backends.bitwarden_sm.worker import FAILURES, classify
from plana_secrets.mirror.itemerrors import ItemsRefusedError
from plana_secrets.secret import Secret
from tests.fakes.bitwarden_sm import Fault
from tests.mirror.bitwarden_sm.place import BitwardenPlace
from tests.mirror.steps import make_item, sync

HOSTILE = b"eyJhbGciOi.SENTINEL-of-the-server"
FILE = "infra/secrets/prod/a.yaml"


def content(place: BitwardenPlace, value: str = "v") -> Content:
    return Content("key", Secret.from_text(value), "note", place.projects["prod"])


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        (Fault(401, HOSTILE), CredentialError, "token-refused"),
        (Fault(403, HOSTILE), CredentialError, "project-read-only"),
        (Fault(404, HOSTILE), CredentialError, "project-read-only"),
        (Fault(400, b'{"message": "' + HOSTILE + b'"}'), FailedError, "bitwarden-refuses"),
        (Fault(500, HOSTILE), UnavailableError, "bitwarden-failed"),
        (Fault(503, HOSTILE), UnavailableError, "bitwarden-failed"),
        (Fault(200, b"<html>" + HOSTILE, "text/html"), MalformedError, "not-bitwarden"),
        (Fault(200, b'{"data": 1}'), MalformedError, "not-bitwarden"),
        (Fault(None), UnavailableError, "bitwarden-unreachable"),
    ],
    ids=["401", "403", "404", "400", "500", "503", "html", "other-json", "dropped"],
)
def test_an_answer_that_is_none_has_an_error_of_ours(
    place: BitwardenPlace, fault: Fault, error: type[PlanaSecretsError], kind: str
) -> None:
    client = place.client()
    client.list_projects()
    place.server.before = lambda _method, _path: fault
    with pytest.raises(error) as caught:
        client.list_secrets()
    assert caught.value.kind == kind
    with pytest.raises(error) as caught:
        client.create_secret(content(place), task="write it")
    assert caught.value.kind == kind
    assert "SENTINEL" not in f"{caught.value}{caught.value.facts}"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_login_that_is_refused_is_the_token(place: BitwardenPlace, status: int) -> None:
    place.server.before = lambda _method, _path: Fault(status, HOSTILE)
    with pytest.raises(CredentialError) as caught:
        place.client().list_projects()
    assert caught.value.kind == "token-refused"


def test_an_answer_to_a_login_that_is_none_is_not_bitwardens(place: BitwardenPlace) -> None:
    place.server.before = lambda _method, _path: Fault(200, b'{"access_token": "SENTINEL"}')
    with pytest.raises(MalformedError) as caught:
        place.client().list_projects()
    assert caught.value.kind == "not-bitwarden"


@pytest.mark.parametrize("token", ["", "hello", "0.x.y:z", "0.{id}.s:AAAA", "\n"])
def test_what_is_no_access_token_is_refused(place: BitwardenPlace, token: str) -> None:
    with pytest.raises(CredentialError) as caught:
        place.client(token=Secret.from_text(token)).list_projects()
    assert caught.value.kind == "token-refused"


@pytest.mark.long
def test_a_token_of_another_organization_is_named_so(place: BitwardenPlace) -> None:
    server = place.server
    other = "00000000-0000-4000-8000-000000000000"
    address = Address(server.api_url, server.identity_url, other, server.ca_file)
    client = Client(address, place.token)
    with pytest.raises((UsageError, CredentialError)):
        client.list_secrets()
    client.close()


def test_without_trust_in_the_certificate_nothing_is_sent(place: BitwardenPlace) -> None:
    server = place.server
    address = Address(server.api_url, server.identity_url, server.store.organization, None)
    client = Client(address, place.token)
    with pytest.raises((UnavailableError, UsageError)):
        client.list_projects()
    client.close()
    assert server.seen == []


@pytest.mark.long
def test_a_certificate_file_that_is_none_is_named(place: BitwardenPlace, tmp_path: Path) -> None:
    server = place.server
    (tmp_path / "none.pem").write_text("nothing")
    address = Address(
        server.api_url, server.identity_url, server.store.organization, tmp_path / "none.pem"
    )
    client = Client(address, place.token)
    with pytest.raises(UsageError) as caught:
        client.list_projects()
    assert caught.value.kind == "no-certificates"
    client.close()


@pytest.mark.long
def test_a_silent_server_ends_the_call_in_time(place: BitwardenPlace) -> None:
    client = place.client(deadline=1.0)
    client.list_projects()
    place.server.before = lambda _method, _path: Fault(None, delay=3)
    began = time.monotonic()
    with pytest.raises(UnavailableError) as caught:
        client.list_secrets()
    assert caught.value.kind == "bitwarden-silent"
    assert time.monotonic() - began < 2.5
    place.server.before = lambda _method, _path: None
    assert client.list_secrets() == ()


def test_too_many_requests_are_waited_out_and_not_for_ever(place: BitwardenPlace) -> None:
    waits: list[float] = []
    client = place.client(sleep=waits.append)
    client.list_projects()
    place.server.fail(1, Fault(429))
    client.create_secret(content(place), task="write it")
    assert waits == [client_module.PAUSES[0]]
    place.server.before = lambda _method, _path: Fault(429)
    with pytest.raises(UnavailableError) as caught:
        client.list_secrets()
    assert caught.value.kind == "rate-limited"
    assert sum(waits[1:]) == 60
    assert len(place.administrator.secrets()) == 1


def test_a_worker_that_is_killed_is_started_again_once(place: BitwardenPlace) -> None:
    client = place.client()
    client.list_projects()
    kill_workers_of(os.getpid())
    assert client.list_secrets() == ()
    kill_workers_of(os.getpid())
    with pytest.raises(UnavailableError) as caught:
        client.list_secrets()
    assert caught.value.kind == "sdk-ended"


def test_a_write_is_never_repeated_by_itself(place: BitwardenPlace) -> None:
    client = place.client()
    client.list_projects()
    place.server.fail(1, Fault(None, done=True), method="POST")
    with pytest.raises(UnavailableError):
        client.create_secret(content(place), task="write it")
    assert len(place.administrator.secrets()) == 1


@pytest.mark.long
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("done", [False, True], ids=["not-done", "done"])
def test_a_run_that_breaks_off_is_completed_without_second_secrets(
    place: BitwardenPlace, number: int, done: bool
) -> None:
    items = [
        make_item(FILE, {"x": "1", "y": "2"}, collection="prod"),
        make_item("infra/secrets/prod/b.yaml", {"z": "3"}, collection="prod"),
    ]
    place.server.fail(number, Fault(None, done=done), method="POST", path="/api")
    with pytest.raises(UnavailableError):
        sync(place.open(), items)
    place.server.before = lambda _method, _path: None
    applied = sync(place.open(), items)
    assert applied.after.drift == ()
    keys = sorted(one["key"] for one in place.administrator.secrets())
    assert keys == sorted(
        [
            *("title of infra/secrets/prod/a.yaml", "title of infra/secrets/prod/b.yaml"),
            *(f"{FILE}#x", f"{FILE}#y", "infra/secrets/prod/b.yaml#z"),
        ]
    )


def test_a_secret_changed_under_our_hands_is_not_overwritten(place: BitwardenPlace) -> None:
    sync(place.open(), [make_item(FILE, {"x": "1"}, collection="prod")])
    newer = make_item(FILE, {"x": "2"}, collection="prod")
    backend = place.open()
    (actual,) = backend.list_items().items
    place.hand.set_field(FILE, "x", "meanwhile")
    with pytest.raises(PlanaSecretsError) as caught:
        backend.update_item(actual, newer)
    assert caught.value.kind == "item-changed"
    with pytest.raises(ItemsRefusedError) as refused:
        backend.delete_items([actual])
    assert [one.kind for one in refused.value.errors.values()] == ["item-changed"]


@pytest.mark.parametrize("status", [400, 404, 413, 500])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_refused_secret_stops_no_other_file(
    place: BitwardenPlace, method: str, status: int
) -> None:
    files = [f"infra/secrets/prod/{name}.yaml" for name in "abc"]
    if method == "PUT":
        sync(place.open(), [make_item(one, {"x": "1"}, collection="prod") for one in files])
    items = [make_item(one, {"x": "2"}, collection="prod") for one in files]
    path = "/api/organizations" if method == "POST" else "/api/secrets"
    place.server.fail(1, Fault(status, HOSTILE), method=method, path=path)
    applied = sync(place.open(), items)
    assert len(applied.failed) == 1
    assert len({one.file for one in applied.after.drift}) == 1
    assert len(place.administrator.secrets()) == (4 if method == "POST" else 6)
    assert sync(place.open(), items).after.drift == ()
    assert len(place.administrator.secrets()) == 6


def test_every_word_of_the_worker_has_an_error() -> None:
    from plana_secrets.mirror.backends.bitwarden_sm.failures import read_failure

    for word in FAILURES:
        error = read_failure(word, task="try it")
        assert (error.kind == "sdk-failed") == (word == "unclear")


def test_the_worker_says_nothing_but_its_words() -> None:
    for text in ("[200 OK] SECRET", "SECRET", "[599 x] SECRET", "missing field `x` SECRET", ""):
        assert classify(text) in FAILURES


def test_an_interrupt_ends_the_call_at_once(place: BitwardenPlace) -> None:
    client = place.client()
    client.list_projects()
    place.server.before = lambda _method, _path: Fault(None, delay=3)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    previous = signal.signal(signal.SIGALRM, _interrupt)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            client.list_secrets()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - began < 2
    assert workers_of(os.getpid()) == []


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


PARENT = """
import sys
from pathlib import Path
from plana_secrets.mirror.backends.bitwarden_sm.client import Address, Client
from plana_secrets.secret import Secret
api, identity, organization, ca = sys.argv[1:]
client = Client(Address(api, identity, organization, Path(ca)), Secret(sys.stdin.buffer.readline().strip()))
client.list_projects()
print("ready", flush=True)
client.list_secrets()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends with its deadline")
@pytest.mark.long
def test_a_killed_parent_leaves_no_worker_behind(place: BitwardenPlace) -> None:
    server = place.server
    arguments = [server.api_url, server.identity_url, server.store.organization, server.ca_file]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    server.before = lambda _method, path: Fault(None, delay=5) if path.endswith("sync") else None
    parent.stdin.write(place.token.reveal() + b"\n")
    parent.stdin.close()
    assert parent.stdout.readline() == b"ready\n"
    (worker,) = workers_of(parent.pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 2
    while Path(f"/proc/{worker}/cmdline").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not _is_running(worker)


def _is_running(pid: int) -> bool:
    try:
        return "bitwarden_sm" in Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return False


def workers_of(parent: int) -> list[int]:
    """The workers that a process has now."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            is_ours = _is_running(int(status.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields["PPid"]) == parent and is_ours:
            found.append(int(status.parent.name))
    return found


def kill_workers_of(parent: int) -> None:
    for worker in workers_of(parent):
        os.kill(worker, signal.SIGKILL)
