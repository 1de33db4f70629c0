"""Only a keyring of the operating system keeps an identity; there is no fallback."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import keyring.core
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring

from plana_secrets.age import keyring_store
from plana_secrets.age.keyring_store import delete_entry, load_entry, store_entry
from plana_secrets.errors import CredentialError
from plana_secrets.secret import Secret
from tests.age.fake_keyrings import Broken, Forgetful, InMemory, Plaintext
from tests.age.keyring_session import run_python_with_keyring

SENTINEL = "SENTINEL-c41d"


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def use(monkeypatch: pytest.MonkeyPatch, backend: KeyringBackend) -> None:
    """What the keyring library resolves to."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


def allow(monkeypatch: pytest.MonkeyPatch, kind: type[KeyringBackend]) -> None:
    monkeypatch.setattr(keyring_store, "_ALLOWED", ((kind.__module__, kind.__qualname__),))


@pytest.mark.parametrize("backend", [Plaintext(), NullKeyring(), FailKeyring(), Forgetful()])
def test_a_backend_that_is_not_listed_is_never_used(
    monkeypatch: pytest.MonkeyPatch, backend: KeyringBackend
) -> None:
    use(monkeypatch, backend)
    for action in (
        lambda: store_entry("age-identity", Secret.from_text(SENTINEL)),
        lambda: load_entry("age-identity"),
        lambda: delete_entry("age-identity"),
        keyring_store.backend_name,
    ):
        with pytest.raises(CredentialError) as caught:
            action()
        assert (caught.value.kind, caught.value.exit_code) == ("no-keyring", 4)
        assert SENTINEL not in str(caught.value)
    assert not getattr(backend, "items", {})


def test_a_borrowed_name_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    pretender = type("Keyring", (Plaintext,), {"__module__": "keyring.backends.SecretService"})
    use(monkeypatch, pretender())
    with pytest.raises(CredentialError) as caught:
        keyring_store.backend_name()
    assert caught.value.kind == "no-keyring"


def test_of_a_chain_only_its_first_listed_member_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, good = Plaintext(), InMemory()
    monkeypatch.setattr(ChainerBackend, "backends", [plain, good])
    use(monkeypatch, ChainerBackend())
    allow(monkeypatch, InMemory)
    store_entry("age-identity", Secret.from_text(SENTINEL))
    assert load_entry("age-identity") == Secret.from_text(SENTINEL)
    assert plain.items == {}
    assert len(good.items) == 1


def test_a_chain_of_none_that_is_listed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChainerBackend, "backends", [Plaintext()])
    use(monkeypatch, ChainerBackend())
    with pytest.raises(CredentialError) as caught:
        load_entry("age-identity")
    assert caught.value.kind == "no-keyring"


def test_a_keyring_that_keeps_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Forgetful())
    allow(monkeypatch, Forgetful)
    with pytest.raises(CredentialError, match="did not store") as caught:
        store_entry("age-identity", Secret.from_text(SENTINEL))
    assert SENTINEL not in str(caught.value)


def test_an_error_of_a_backend_is_replaced_without_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, Broken())
    allow(monkeypatch, Broken)
    with pytest.raises(CredentialError) as caught:
        store_entry("age-identity", Secret.from_text(SENTINEL))
    assert caught.value.kind == "keyring-failed"
    assert caught.value.__suppress_context__
    assert "BROKEN-TEXT" not in f"{caught.value}{caught.value.facts}"


def test_all_entries_are_in_one_item_and_do_not_touch_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = InMemory()
    use(monkeypatch, backend)
    allow(monkeypatch, InMemory)
    assert load_entry("age-identity") is None
    store_entry("age-identity", Secret.from_text("one\nßecond"))
    store_entry("vault", Secret.from_text("two"))
    store_entry("vault", Secret.from_text("three"))
    assert len(backend.items) == 1
    delete_entry("vault")
    delete_entry("never stored")
    assert load_entry("vault") is None
    assert load_entry("age-identity") == Secret.from_text("one\nßecond")


@pytest.mark.parametrize("text", ["not json", "[]", '{"a": 1}'])
def test_an_item_of_somebody_else_is_not_overwritten(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    backend = InMemory()
    backend.set_password("plana-secrets", "default", text)
    use(monkeypatch, backend)
    allow(monkeypatch, InMemory)
    with pytest.raises(CredentialError) as caught:
        store_entry("age-identity", Secret.from_text(SENTINEL))
    assert caught.value.kind == "keyring-foreign-item"
    assert list(backend.items.values()) == [text]


STORE = """
import sys
from plana_secrets.age.keyring_store import backend_name, delete_entry, load_entry, store_entry
from plana_secrets.secret import Secret
assert backend_name() == "keyring.backends.SecretService.Keyring", backend_name()
assert load_entry("age-identity") is None
store_entry("age-identity", Secret.from_text(sys.argv[1]))
store_entry("other", Secret.from_text("x"))
delete_entry("other")
"""

LOAD = """
from plana_secrets.age.keyring_store import load_entry
print(load_entry("age-identity").reveal_text(), load_entry("other"))
"""


def test_a_real_keyring_keeps_an_entry_until_another_session(tmp_path: Path) -> None:
    run_python_with_keyring(tmp_path, STORE, SENTINEL)
    assert run_python_with_keyring(tmp_path, LOAD) == f"{SENTINEL} None\n"
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(SENTINEL.encode() in content for content in written)


ADD = """
import sys
from plana_secrets.age.identities import generate_identity
from plana_secrets.age.keeping import keep_in_keyring
from plana_secrets.age.keyring_store import store_entry
from plana_secrets.secret import Secret
identity = generate_identity()
keep_in_keyring([identity])
store_entry(sys.argv[1], Secret(b"x"))
print(identity.recipient.text)
"""

MANY = f"""
import subprocess, sys
from plana_secrets.age.keyring_store import load_entry
from plana_secrets.age.sources import read_keyring
runs = [
    subprocess.Popen([sys.executable, "-c", {ADD!r}, str(number)], stdout=subprocess.PIPE)
    for number in range(4)
]
made = {{run.communicate()[0].decode().strip() for run in runs}}
assert made == read_keyring().recipients(), made
print(len(made), sum(load_entry(str(number)) is not None for number in range(4)))
"""


@pytest.mark.long
def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    assert run_python_with_keyring(tmp_path, MANY) == "4 4\n"


LOCKED = """
import secretstorage
from plana_secrets.age.keyring_store import load_entry, store_entry
from plana_secrets.errors import CredentialError
from plana_secrets.secret import Secret
store_entry("age-identity", Secret(b"x"))
secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
try:
    print(load_entry("age-identity"))
except CredentialError as error:
    print(error.kind)
"""


def test_a_locked_keyring_that_nobody_unlocks_is_said_to_be_locked(tmp_path: Path) -> None:
    assert run_python_with_keyring(tmp_path, LOCKED) == "keyring-locked\n"


FORCED = """
from plana_secrets.age.keyring_store import store_entry
from plana_secrets.errors import CredentialError
from plana_secrets.secret import Secret
try:
    store_entry("age-identity", Secret(b"x"))
except CredentialError as error:
    print(error.kind, error.facts["backend"] if "backend" in error.facts else "")
"""


@pytest.mark.parametrize(
    ("forced", "answer"),
    [
        ("tests.age.fake_keyrings.Plaintext", "no-keyring tests.age.fake_keyrings.Plaintext"),
        ("keyring.backends.null.Keyring", "no-keyring keyring.backends.null.Keyring"),
        ("", "no-keyring keyring.backends.fail.Keyring"),
        ("no.such.module", "keyring-failed "),
    ],
)
def test_a_backend_forced_by_the_environment_is_refused(
    tmp_path: Path, forced: str, answer: str
) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    if forced:
        environment["PYTHON_KEYRING_BACKEND"] = forced
    done = subprocess.run(
        [sys.executable, "-c", FORCED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{answer}\n"


def test_without_a_session_bus_the_keyring_is_not_even_imported(tmp_path: Path) -> None:
    assert not keyring_store.may_exist({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert not keyring_store.may_exist({})
    (tmp_path / "bus").touch()
    assert keyring_store.may_exist({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert keyring_store.may_exist({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/bus"})


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keyring.backends.SecretService", "Keyring"),
        ("keyring.backends.libsecret", "Keyring"),
        ("keyring.backends.kwallet", "DBusKeyring"),
        ("keyring.backends.kwallet", "DBusKeyringKWallet4"),
        ("keyring.backends.macOS", "Keyring"),
    ],
)
def test_the_keyrings_of_the_systems_are_used(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    use(monkeypatch, object.__new__(getattr(importlib.import_module(module), name)))
    assert keyring_store.backend_name() == f"{module}.{name}"
