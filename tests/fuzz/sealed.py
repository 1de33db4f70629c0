"""Targets of what is encrypted: SOPS files, their ciphertexts, age files, texts of Vaultwarden."""

from __future__ import annotations

import contextlib
from typing import Final

from plana_secrets.age import fileformat, hybrid
from plana_secrets.age.bech32 import bech32_decode, bech32_encode
from plana_secrets.age.identities import parse_identity_file
from plana_secrets.age.recipients import canonical_recipient, parse_recipient
from plana_secrets.document.references import parse_reference
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.fields.durations import parse_duration
from plana_secrets.git.author import parse_author
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.paths import format_path, parse_path
from plana_secrets.rotation.instants import parse_instant
from plana_secrets.secret import Secret
from plana_secrets.sops.reading.reader import has_lost_metadata, open_document, read_structure
from plana_secrets.sops.reading.stanza import stanza_problem
from plana_secrets.sops.reading.tokens import decode_base64, parse_token
from plana_secrets.verify.ranges.content import Pair, compare_content, has_new_plaintext
from tests.attacks.good import VECTORS
from tests.fuzz.target import Target

_VECTOR: Final = {path.stem: path.read_bytes() for path in sorted(VECTORS.glob("*.yaml"))}
_FILES: Final = tuple(
    _VECTOR[name]
    for name in (
        "plain-3.13.3", "secret-3.8.1", "key-group-3.11.0", "unencrypted-suffix-3.9.4",
        "encrypted-regex-3.12.2", "empty-lists-3.11.0",
    )
)  # fmt: skip
_DEMO: Final = parse_identity_file(
    Secret((VECTORS / "public-demo-identity.txt").read_bytes()), "the demo"
)
_OTHER: Final = read_structure(_FILES[0])


def check_reader(content: bytes) -> None:
    """A file as it is, opened, and beside another version of itself."""
    structure = read_structure(content)
    has_lost_metadata(structure)
    if structure.metadata is not None:
        for old, new in ((structure, _OTHER), (_OTHER, structure)):
            list(compare_content(Pair("a.yaml", "a.yaml", old, new)))
            has_new_plaintext(old, new)
    open_document(structure, _DEMO)


def check_token(content: bytes) -> None:
    """Each line; what is accepted is written in no other way."""
    for line in _lines(content):
        token = parse_token(line)
        assert token is None or len(token.iv) == 32
        decode_base64(line)


def check_age(content: bytes) -> None:
    """Armored or not: as an entry of a file, and by our own reader of the format."""
    text = content.decode("utf-8", "surrogateescape")
    label, _, armored = text.partition("\n")
    stanza_problem(label, armored)
    fileformat.has_stanza(content, "X25519")
    with contextlib.suppress(PlanaSecretsError):
        fileformat.open_age_file(content, lambda stanzas: b"k" * 16 if stanzas else None)
    hybrid.open_with([_HYBRID], content)


def check_keys(content: bytes) -> None:
    """Recipients, identities and the spelling of both; a spelling is the only one of its bytes."""
    parse_identity_file(Secret(content[:20_000]), "the test")
    for line in _lines(content):
        with contextlib.suppress(PlanaSecretsError):
            parse_recipient(line)
        with contextlib.suppress(PlanaSecretsError):
            canonical_recipient(line)
        with contextlib.suppress(PlanaSecretsError):
            prefix, data = bech32_decode(line)
            assert bech32_encode(prefix, data).lower() == line.lower()


def check_sealed_text(content: bytes) -> None:
    _KEY.open(content.decode("utf-8", "surrogateescape"))


def check_words(content: bytes) -> None:
    """What a person writes into settings and arguments: a path is spelled as it was read."""
    for line in _lines(content):
        for parse in (parse_reference, parse_duration, parse_author, parse_instant):
            with contextlib.suppress(PlanaSecretsError, ValueError):
                parse(line)
        with contextlib.suppress(PlanaSecretsError):
            path = parse_path(line)
            assert parse_path(format_path(path)) == path


def _lines(content: bytes) -> list[str]:
    """The first of them: each is an input of its own."""
    return content.decode("utf-8", "surrogateescape").split("\n")[:100]


_KEY: Final = SymmetricKey(Secret(bytes(64)))
_HYBRID: Final = hybrid.parse_hybrid_key(
    bech32_encode("age-secret-key-pq-", bytes(range(32))).upper()
)
_PAIR: Final = f"{_HYBRID.recipient}\n{_DEMO.members[0].recipient.text}\n"
_WORDS: Final = b"""stringData["jwt-access.json"]
a.b[0]["odd key"]
infra/secrets/a.yaml#stringData.KEY
plana-secrets <secrets@example.com>
2026-11-23T10:00:00Z
1h30m
90d
"""


def _stanzas() -> list[bytes]:
    """The age file of each entry of a vector, armored, behind its label."""
    metadata = _OTHER.metadata
    return (
        [f"{one.recipient}\n{one.enc}".encode() for one in metadata.recipients] if metadata else []
    )


SEALED: Final = (
    Target("reader", _FILES, check_reader),
    Target("enc", (b"\n".join(line.strip() for line in _FILES[0].splitlines()),), check_token),
    Target(
        "age",
        (
            *_stanzas(),
            hybrid.seal_for([_HYBRID.recipient], b"x" * 32, armored=True),
            hybrid.seal_for([_HYBRID.recipient, _HYBRID.recipient], b"x" * 32, armored=False),
        ),
        check_age,
    ),
    Target(
        "keys", (_PAIR.encode(), (VECTORS / "public-demo-identity.txt").read_bytes()), check_keys
    ),
    Target(
        "encstring", (_KEY.seal(b"a value").encode(), _KEY.seal(b"").encode()), check_sealed_text
    ),
    Target("words", (_WORDS,), check_words),
)
