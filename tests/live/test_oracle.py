"""Both ways between our cryptography and that of Bitwarden's own SDK."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from plana_secrets.mirror.backends.vaultwarden.crypto import (
    SymmetricKey,
    load_private_key,
    unwrap_key,
)
from plana_secrets.mirror.backends.vaultwarden.kdf import Kdf, derive_master_key, stretch
from plana_secrets.mirror.backends.vaultwarden.vault import unwrap_user_key
from plana_secrets.secret import Secret
from tests.fakes.people import key_pair, wrap_for
from tests.live.node import ask_oracle

EMAIL, PASSWORD = "anna@example.test", "pässword"
TEXT = "ein Wert mit ß,\nzwei Zeilen und 🔑"
KDFS = [
    (Kdf("pbkdf2", 100_000), {"pBKDF2": {"iterations": 100_000}}),
    (Kdf("argon2id", 3, 64, 4), {"argon2id": {"iterations": 3, "memory": 64, "parallelism": 4}}),
]


def wrapped(content: bytes) -> dict[str, str]:
    return {"bytes": base64.b64encode(content).decode()}


def unwrapped(reply: dict[str, Any]) -> bytes:
    assert "error" not in reply, reply
    return base64.b64decode(reply["bytes"])


@pytest.mark.parametrize(("kdf", "spelled"), KDFS, ids=["pbkdf2", "argon2id"])
def test_user_keys_wrapped_by_either_open_with_the_other(kdf: Kdf, spelled: object) -> None:
    key = SymmetricKey.generate()
    plain = key.reveal().reveal()
    master_key = derive_master_key(Secret.from_text(PASSWORD), EMAIL, kdf)
    ours = stretch(master_key).seal(plain)
    opened, theirs = ask_oracle(
        [
            ("decrypt_user_key_with_master_password", [ours, PASSWORD, EMAIL, spelled]),
            (
                "encrypt_user_key_with_master_password",
                [wrapped(plain), PASSWORD, EMAIL, spelled],
            ),
        ]
    )
    assert unwrapped(opened) == plain
    assert unwrap_user_key(theirs, master_key).reveal() == key.reveal()


def test_texts_and_keys_sealed_by_either_open_with_the_other() -> None:
    key, item_key = SymmetricKey.generate(), SymmetricKey.generate()
    plain = wrapped(key.reveal().reveal())
    private, public = key_pair(0)
    sealed = key.seal_text(TEXT)
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    text, theirs, own, refused, organization, shared = ask_oracle(
        [
            ("symmetric_decrypt_string", [sealed, plain]),
            ("symmetric_encrypt_string", [TEXT, plain]),
            ("unwrap_symmetric_key", [key.seal(item_key.reveal().reveal()), plain]),
            ("symmetric_decrypt_string", [changed, plain]),
            ("decapsulate_key_unsigned", [wrap_for(public, key), wrapped(private)]),
            ("encapsulate_key_unsigned", [plain, wrapped(public)]),
        ]
    )
    assert text == TEXT
    assert key.open(theirs).reveal_text() == TEXT
    assert unwrapped(own) == item_key.reveal().reveal()
    assert "error" in refused
    assert unwrapped(organization) == key.reveal().reveal()
    assert unwrap_key(shared, load_private_key(Secret(private))).reveal() == key.reveal()
