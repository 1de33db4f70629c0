"""Whose entry opens a file, and entries that say something else than they hold."""

from __future__ import annotations

import os
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plana_secrets.age.identities import Identities, Unusable
from plana_secrets.errors import CredentialError
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Defect, Metadata, RecipientStanza, Selector, Token
from plana_secrets.sops.reading.crypto import Mac, Opener, additional_data
from plana_secrets.sops.reading.datakey import find_data_key
from tests.sops.sopsfiles import identities_of

KEY, OTHER_KEY = os.urandom(32), os.urandom(32)
OURS, SECOND, STRANGER = (pyrage.x25519.Identity.generate() for _ in range(3))


def entry(
    label: pyrage.x25519.Identity,
    key: bytes = KEY,
    *,
    inside: pyrage.x25519.Identity | None = None,
    line: int = 1,
) -> RecipientStanza:
    enc = pyrage.encrypt(key, [(inside or label).to_public()], armored=True)
    return RecipientStanza(str(label.to_public()), enc.decode(), line)


def metadata_of(*entries: RecipientStanza) -> Metadata:
    return Metadata(entries, Selector(), False, "", None, "3.11.0", 1)


def find(*entries: RecipientStanza, identities: Identities | None = None) -> Secret | Defect:
    return find_data_key(metadata_of(*entries), identities or identities_of(OURS))


def is_key(found: Secret | Defect) -> bool:
    return isinstance(found, Secret) and found.reveal() == KEY


def test_the_key_is_found_wherever_ours_is() -> None:
    assert is_key(find(entry(OURS)))
    assert is_key(find(entry(STRANGER), entry(OURS), entry(SECOND)))
    assert is_key(find(entry(OURS), entry(SECOND), identities=identities_of(OURS, SECOND)))


@pytest.mark.parametrize(
    ("entries", "line"),
    [
        ((entry(STRANGER), entry(OURS, inside=STRANGER, line=7)), 7),
        ((entry(OURS), entry(OURS, OTHER_KEY, line=8)), 8),
        ((entry(OURS), entry(OURS, inside=STRANGER, line=9)), 9),
        ((entry(OURS, KEY[:31], line=3),), 3),
        ((entry(OURS, KEY + b"x", line=3),), 3),
        ((RecipientStanza(str(OURS.to_public()), "junk", 4),), 4),
        ((entry(SECOND), entry(STRANGER, inside=OURS, line=5)), 5),
    ],
    ids=["opens not", "two keys", "one of two", "short", "long", "junk", "under another label"],
)
def test_an_entry_that_lies_is_named(entries: tuple[RecipientStanza, ...], line: int) -> None:
    found = find(*entries)
    assert isinstance(found, Defect)
    assert (found.check, found.severity, found.line) == ("stanza", "error", line)


def test_nobody_of_ours_is_a_credential_error() -> None:
    for entries in ((entry(STRANGER),), (RecipientStanza("x", "junk", 1),), ()):
        with pytest.raises(CredentialError) as caught:
            find(*entries)
        assert caught.value.kind == "no-identity-fits"


def test_no_key_at_all_in_the_source_that_was_named_is_another_error() -> None:
    named = Unusable("SOPS_AGE_KEY", "line 1: not an age identity", lost=True)
    for held, kind in (
        ((), "identity-unusable"),
        (identities_of(OURS).members, "no-identity-fits"),
    ):
        with pytest.raises(CredentialError, match="SOPS_AGE_KEY: line 1") as caught:
            find_data_key(metadata_of(entry(STRANGER)), Identities(held, (named,)))
        assert caught.value.kind == kind


def test_the_comment_of_an_ssh_key_is_not_part_of_its_label(tmp_path: Path) -> None:
    import subprocess

    file = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@host", "-f", str(file)]
    subprocess.run(command, check=True)
    public = Path(f"{file}.pub").read_text().strip()
    enc = pyrage.encrypt(KEY, [pyrage.ssh.Recipient.from_str(public)], armored=True).decode()
    from plana_secrets.age.identities import parse_identity_file

    identities = parse_identity_file(Secret(file.read_bytes()), "the test")
    bare = " ".join(public.split()[:2])
    for label in (public, bare):
        assert is_key(find(RecipientStanza(label, enc, 1), identities=identities))


def seal(key: bytes, content: bytes, additional: bytes) -> Token:
    iv = os.urandom(32)
    sealed = AESGCM(key).encrypt(iv, content, additional)
    return Token(sealed[:-16], iv, sealed[-16:], "str")


def test_a_value_opens_with_its_key_at_its_place_alone() -> None:
    place = additional_data(("a", 0, "b"))
    assert place == b"a:b:"
    token = seal(KEY, b"x", place)
    assert Opener(KEY).open(token, place) == b"x"
    assert Opener(KEY).open(token, b"a:") is None
    assert Opener(OTHER_KEY).open(token, place) is None


@pytest.mark.parametrize("only_encrypted", [False, True])
def test_the_mac_is_over_the_values_in_order_and_bound_to_the_time(only_encrypted: bool) -> None:
    import hashlib

    start = hashlib.sha256(b"sops").digest() if only_encrypted else b""
    digest = hashlib.sha512(start + b"onetwo").hexdigest().upper().encode()
    time = "2026-01-01T00:00:00Z"

    def holds(*values: bytes, at: str = time, token: Token | None = None) -> bool | None:
        mac = Mac(Metadata((), Selector(), only_encrypted, at, token, "3.11.0", 1))
        for value in values:
            mac.update(value)
        return mac.holds(Opener(KEY))

    token = seal(KEY, digest, time.encode())
    assert holds(b"one", b"two", token=token) is True
    assert holds(b"two", b"one", token=token) is False
    assert holds(b"one", b"two", token=token, at="2026-01-02T00:00:00Z") is None
    assert holds(b"one", b"two", token=None) is None
