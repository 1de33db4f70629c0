"""Every recipient that sops accepts is told apart; encrypting is for the native ones."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from plana_secrets.age.hybrid import generate_hybrid_key
from plana_secrets.age.recipients import (
    Recipient,
    decrypt_with_passphrase,
    encrypt_to,
    encrypt_with_passphrase,
    parse_recipient,
)
from plana_secrets.errors import CredentialError, MalformedError, UsageError
from plana_secrets.secret import Secret
from tests.age.passphrases import protect_cheaply

X25519 = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"
TAG = "age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e"
POST_QUANTUM = generate_hybrid_key().recipient


@pytest.mark.parametrize(
    ("text", "kind", "native"),
    [
        (X25519, "x25519", True),
        (SSH, "ssh", True),
        (TAG, "tag", True),
        (POST_QUANTUM, "post-quantum", True),
        ("age1yubikey1qfz4r7p2dy5mcy9jz2qndvm2ckd9tyjzwg2", "plugin", False),
    ],
)
def test_each_kind_is_told_from_its_spelling(text: str, kind: str, native: bool) -> None:
    recipient = parse_recipient(text)
    assert (recipient.text, recipient.kind, recipient.native) == (text, kind, native)


def test_an_ssh_recipient_is_compared_without_its_comment() -> None:
    assert parse_recipient(f"  {SSH}   me@laptop ") == parse_recipient(SSH)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "age1",
        "age1zvkyg",
        X25519[:-1] + "q",
        X25519.upper() + "x",
        "ssh-dss AAAA",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        TAG[:-1] + "q",
        "age1tagpq1qqqqqqqq",
        f"{X25519},{X25519}",
    ],
)
def test_what_is_no_recipient_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_recipient(text)
    assert caught.value.kind == "bad-recipient"


def test_an_identity_pasted_by_mistake_is_not_repeated() -> None:
    identity = str(pyrage.x25519.Identity.generate())
    with pytest.raises(UsageError) as caught:
        parse_recipient(identity)
    assert identity[20:] not in f"{caught.value}{caught.value.facts}"
    assert "identity" in caught.value.message


def test_the_age_program_opens_what_is_encrypted_here(tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"{identity}\n")
    recipient = parse_recipient(str(identity.to_public()))
    for armored in (False, True):
        encrypted = encrypt_to(Secret(b"\x00value"), [recipient], armored=armored)
        done = subprocess.run(
            ["age", "-d", "-i", tmp_path / "key"],
            input=encrypted,
            capture_output=True,
            check=True,
        )
        assert done.stdout == b"\x00value"


def test_encrypting_to_a_kind_that_is_not_native_is_refused_by_name() -> None:
    other = Recipient("age1other1qqqqqq", "plugin")
    with pytest.raises(UsageError, match="plugin") as caught:
        encrypt_to(Secret(b"x"), [parse_recipient(X25519), other])
    assert caught.value.kind == "recipient-not-native"


def test_encrypting_to_nobody_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        encrypt_to(Secret(b"x"), [])
    assert caught.value.kind == "no-recipient"


PASSPHRASE = Secret.from_text("korrekt høst")


@pytest.mark.long
def test_what_a_passphrase_protects_opens_in_the_age_program(tmp_path: Path) -> None:
    """The one file of the suite that is slow to make and to open, as it is on purpose."""
    protected = encrypt_with_passphrase(Secret(b"the identity"), PASSPHRASE)
    (tmp_path / "file.age").write_bytes(protected)
    assert b"the identity" in _type_into_age(tmp_path / "file.age", PASSPHRASE)


def test_its_passphrase_opens_a_file(tmp_path: Path) -> None:
    protected = protect_cheaply(b"the identity", PASSPHRASE.reveal())
    assert decrypt_with_passphrase(protected, PASSPHRASE) == Secret(b"the identity")
    (tmp_path / "file.age").write_bytes(protected)
    assert b"the identity" in _type_into_age(tmp_path / "file.age", PASSPHRASE)


def _type_into_age(file: Path, passphrase: Secret) -> bytes:
    """``age -d`` reads a passphrase from its terminal only, so it gets one."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("age", ["age", "-d", str(file)])
    output = b""
    while b"passphrase:" not in output:
        output += os.read(terminal, 1000)
    os.write(terminal, passphrase.reveal() + b"\n")
    try:
        while more := os.read(terminal, 1000):
            output += more
    except OSError:  # the end of a terminal on Linux
        assert sys.platform.startswith("linux")
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0
    return output


def test_another_passphrase_is_a_credential_error() -> None:
    protected = protect_cheaply(b"the identity", PASSPHRASE.reveal())
    with pytest.raises(CredentialError) as caught:
        decrypt_with_passphrase(protected, Secret(b"wrong"))
    assert caught.value.kind == "wrong-passphrase"


@pytest.mark.parametrize("content", [b"", b"SENTINEL", b"age-encryption.org/v1\nSENTINEL"])
def test_what_no_passphrase_can_open_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        decrypt_with_passphrase(content, Secret(b"x"))
    assert caught.value.kind == "bad-age-file"
    assert "SENTINEL" not in str(caught.value)


def test_a_file_for_recipients_is_not_mistaken_for_a_wrong_passphrase() -> None:
    encrypted = encrypt_to(Secret(b"x"), [parse_recipient(X25519)])
    with pytest.raises(MalformedError) as caught:
        decrypt_with_passphrase(encrypted, Secret(b"x"))
    assert caught.value.kind == "no-passphrase-file"


@pytest.mark.parametrize("passphrase", [b"", b"\xff\xfe"])
def test_a_passphrase_that_is_none_is_refused(passphrase: bytes) -> None:
    with pytest.raises(UsageError):
        encrypt_with_passphrase(Secret(b"x"), Secret(passphrase))


@pytest.mark.parametrize("text", ["age1\udcff", "ssh-ed25519 \udcff", "age1pq1\udcff", "\udcff"])
def test_an_argument_that_is_no_unicode_is_no_recipient(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_recipient(text)
    assert caught.value.kind == "bad-recipient"
