"""One entry of a file's metadata: the age file of one data key for one recipient, and no more."""

from __future__ import annotations

import base64
import os

import pytest

from plana_secrets.sops.reading import stanza
from plana_secrets.sops.reading.stanza import recipient_kind, stanza_problem

SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN me@here"
B43, BINARY = "A" * 43, os.urandom(64)
HEADERS = {
    "x25519": f"X25519 {B43}\n{B43}",
    "ssh": f"ssh-ed25519 AAAAAA {B43}\n{B43}",
    "post-quantum": f"mlkem768x25519 {'A' * 1494}\n{B43}",
    "tag": f"mlkem768p256tag AAAAAA {'A' * 1600}\n{B43}",
    "plugin": f"yubikey a b\n{B43}",
}


def armored(content: bytes) -> str:
    lines = base64.encodebytes(content).decode().replace("\n", "")
    body = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return f"-----BEGIN AGE ENCRYPTED FILE-----\n{body}\n-----END AGE ENCRYPTED FILE-----\n"


def file_of(*stanzas: str) -> bytes:
    text = "".join(f"-> {one}\n" for one in stanzas)
    return f"age-encryption.org/v1\n{text}--- {B43}\n".encode() + BINARY


@pytest.mark.parametrize("kind", HEADERS)
def test_no_entry_has_a_second_reader_or_bytes_behind_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stanza, "recipient_kind", lambda _label: kind)
    right = file_of(HEADERS[kind])
    assert stanza_problem("x", armored(right)) is None
    others = [one for name, one in HEADERS.items() if name != kind]
    for wrong in (
        right + b"x", right[:-1], file_of(HEADERS[kind], HEADERS[kind]),
        file_of(HEADERS[kind], others[0]), file_of(others[0]), file_of(others[1]),
    ):  # fmt: skip
        assert stanza_problem("x", armored(wrong)) is not None


def test_a_label_is_one_line() -> None:
    assert recipient_kind(SSH) == "ssh"
    assert recipient_kind(f"{SSH}\npassword: hunter2") is None
    assert recipient_kind(f"{SSH} ") is None
