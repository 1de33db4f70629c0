"""Post-quantum keys, judged by the age program and by the published vectors."""

from __future__ import annotations

import hashlib
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest

from plana_secrets.age.bech32 import bech32_encode
from plana_secrets.age.fileformat import open_age_file
from plana_secrets.age.hybrid import generate_hybrid_key, parse_hybrid_key, recipient_bytes
from plana_secrets.age.identities import generate_identity, parse_identity_file
from plana_secrets.age.recipients import encrypt_to, parse_recipient, usable_together
from plana_secrets.errors import MalformedError, UsageError
from plana_secrets.secret import Secret
from tests.age.newest import newest_age, vectors

CONTENT = b"a data key of thirty-two bytes, "


@dataclass(frozen=True)
class Vector:
    """One file of the test kit: what is expected, and what is needed to open it."""

    name: str
    facts: dict[str, str]
    identities: list[str]
    body: bytes

    @property
    def is_hybrid(self) -> bool:
        return any(text.startswith("AGE-SECRET-KEY-PQ-") for text in self.identities)

    @property
    def expected(self) -> str:
        return "failure" if "failure" in self.facts["expect"] else self.facts["expect"]


def read_vector(path: Path) -> Vector:
    head, _, body = path.read_bytes().partition(b"\n\n")
    lines = [line.partition(": ") for line in head.decode().splitlines()]
    identities = [value for name, _, value in lines if name == "identity"]
    facts = {name: value for name, _, value in lines}
    if facts.get("compressed") == "zlib":
        body = zlib.decompress(body)
    return Vector(path.name, facts, identities, body)


def is_ours(vector: Vector) -> bool:
    """The library opens files for X25519 and passphrases; how those are judged is its own."""
    others = ("scrypt", "x25519", "armor_no_match")
    return not vector.name.startswith(others)


VECTORS = [vector for vector in map(read_vector, vectors()) if is_ours(vector)]


@pytest.mark.skipif(not VECTORS, reason="no Go here: the vectors of age are not at hand")
def test_the_test_kit_is_there() -> None:
    assert len(VECTORS) > 90
    assert sum(vector.is_hybrid for vector in VECTORS) > 15


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_every_vector_of_the_test_kit_is_judged_as_it_says(vector: Vector) -> None:
    """Those for other kinds of key judge header, armor and payload, by the file key given."""
    try:
        content = opened(vector)
    except MalformedError:
        assert vector.expected == "failure"
        return
    if content is None:
        assert vector.expected == "no match"
    else:
        assert vector.expected == "success"
        assert hashlib.sha256(content).hexdigest() == vector.facts["payload"]


def opened(vector: Vector) -> bytes | None:
    if not vector.is_hybrid:
        file_key = bytes.fromhex(vector.facts.get("file key", "")) or None
        return open_age_file(vector.body, lambda _: file_key)
    identities = parse_identity_file(Secret.from_text("\n".join(vector.identities)), "test")
    content = identities.unwrap(vector.body)
    return None if content is None else content.reveal()


@pytest.mark.parametrize("armored", [False, True])
@pytest.mark.parametrize("size", [0, 1, 65536, 65537])
def test_age_opens_what_is_sealed_here(tmp_path: Path, size: int, armored: bool) -> None:
    identity = generate_identity(hybrid=True)
    other = generate_identity(hybrid=True)
    content = bytes(size)
    sealed = encrypt_to(Secret(content), [other.recipient, identity.recipient], armored=armored)
    file = tmp_path / "keys.txt"
    file.write_bytes(identity.text.reveal() + b"\n")
    assert newest_age("age", "-d", "-i", file, stdin=sealed) == content


@pytest.mark.parametrize("armor", [[], ["-a"]])
def test_what_age_seals_is_opened_here(armor: list[str]) -> None:
    made = newest_age("age-keygen", "-pq")
    identities = parse_identity_file(Secret(made), "test")
    (recipient,) = identities.recipients()
    assert f"# public key: {recipient}" in made.decode()
    sealed = newest_age("age", *armor, "-r", recipient, stdin=CONTENT)
    assert identities.unwrap(sealed) == Secret(CONTENT)
    assert parse_identity_file(generate_identity(hybrid=True).text, "x").unwrap(sealed) is None


def test_both_kinds_of_key_work_beside_each_other() -> None:
    classic, hybrid = generate_identity(), generate_identity(hybrid=True)
    both = parse_identity_file(Secret(classic.text.reveal() + b"\n" + hybrid.text.reveal()), "test")
    for identity in (classic, hybrid):
        sealed = encrypt_to(Secret(CONTENT), [identity.recipient])
        assert both.unwrap(sealed) == Secret(CONTENT)
    assert both.as_key_file().reveal().split() == [classic.text.reveal(), hybrid.text.reveal()]
    assert both.as_key_file(hybrid=False).reveal().split() == [classic.text.reveal()]


def test_one_file_for_both_kinds_is_refused_and_names_the_classic_one() -> None:
    classic, hybrid = generate_identity(), generate_identity(hybrid=True)
    with pytest.raises(UsageError, match=classic.recipient.text) as error:
        encrypt_to(Secret(CONTENT), [hybrid.recipient, classic.recipient])
    assert error.value.kind == "recipients-mixed"
    together = usable_together([classic.recipient, hybrid.recipient])
    assert together == [hybrid.recipient]


def test_a_damaged_file_is_said_to_be_one() -> None:
    identity = generate_identity(hybrid=True)
    sealed = bytearray(encrypt_to(Secret(CONTENT), [identity.recipient]))
    identities = parse_identity_file(identity.text, "test")
    for place in (-1, -len(CONTENT) - 20, sealed.index(b"--- ") + 5):
        damaged = bytes(sealed[:place]) + bytes([sealed[place] ^ 1]) + bytes(sealed[place:][1:])
        with pytest.raises(MalformedError):
            identities.unwrap(damaged)


def test_a_spoilt_spelling_is_no_key_and_is_not_repeated() -> None:
    key = generate_hybrid_key()
    identity, recipient = key.text.reveal_text(), key.recipient
    for text in (identity[:-1] + "!", identity[:-2], identity.lower()):
        found = parse_identity_file(Secret.from_text(text), "test")
        assert not found.members
        assert text[20:] not in repr(found)
    for text in (recipient[:-1] + "!", recipient[:-2], recipient + "q"):
        with pytest.raises(UsageError):
            parse_recipient(text)
    assert parse_recipient(recipient).native


@pytest.mark.parametrize(
    ("prefix", "length"), [("age-secret-key-pq-", 31), ("age-secret-key-pq-", 33), ("age-secret-key-", 32)],
)  # fmt: skip
def test_a_whole_spelling_of_something_else_is_no_key(prefix: str, length: int) -> None:
    text = bech32_encode(prefix, bytes(length)).upper()
    with pytest.raises(MalformedError):
        parse_hybrid_key(text)


@pytest.mark.parametrize(("prefix", "length"), [("age1pq", 1215), ("age1pq", 1217), ("age", 1216)])
def test_a_whole_spelling_of_something_else_is_no_recipient(prefix: str, length: int) -> None:
    text = bech32_encode(prefix, bytes(length))
    with pytest.raises(MalformedError):
        recipient_bytes(text)
    assert recipient_bytes(bech32_encode("age1pq", bytes(1216))) == bytes(1216)
    with pytest.raises(MalformedError):
        recipient_bytes(bech32_encode("age1pq", bytes(1216)).upper())


def test_without_the_library_for_it_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = generate_identity(hybrid=True)
    sealed = pyrage.encrypt(CONTENT, [pyrage.x25519.Identity.generate().to_public()])
    monkeypatch.delattr("cryptography.hazmat.primitives.hpke")
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.hpke", None)
    found = parse_identity_file(identity.text, "test")
    assert "need version 47 or newer of the Python package cryptography" in str(found.unusable[0])
    assert found.unwrap(sealed) is None
