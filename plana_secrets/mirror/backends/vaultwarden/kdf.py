"""From a master password to keys.

What the server says about the work to be done is bounded on both sides. A server that
asks for too little could grind the hash that a login sends it; one that asks for absurdly
much could keep a job busy for hours.

Sources: RFC 9106 (Argon2id), RFC 8018 (PBKDF2), RFC 5869 (HKDF).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from plana_secrets.errors import MalformedError
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.secret import Secret

PBKDF2_ITERATIONS: Final = range(100_000, 2_000_001)
ARGON2_ITERATIONS: Final = range(2, 11)
ARGON2_MEMORY: Final = range(16, 1_025)
ARGON2_PARALLELISM: Final = range(1, 17)
"""From the least that is worth a password to the most that clients let a person choose."""


@dataclass(frozen=True, slots=True)
class Kdf:
    """How the master key is derived; within bounds by construction of ``checked_kdf``."""

    kind: Literal["pbkdf2", "argon2id"]
    iterations: int
    memory: int = 0
    parallelism: int = 0


def checked_kdf(number: int, iterations: int, memory: int | None, parallelism: int | None) -> Kdf:
    """The derivation that a server asks for.

    Raises:
        MalformedError: unknown, or outside the bounds (kind ``kdf-refused``).
    """
    if number == 0:
        _within("PBKDF2 iterations", iterations, PBKDF2_ITERATIONS)
        return Kdf("pbkdf2", iterations)
    if number == 1:
        _within("Argon2id iterations", iterations, ARGON2_ITERATIONS)
        _within("Argon2id MiB of memory", memory or 0, ARGON2_MEMORY)
        _within("Argon2id lanes", parallelism or 0, ARGON2_PARALLELISM)
        return Kdf("argon2id", iterations, memory or 0, parallelism or 0)
    raise MalformedError(
        f"the server asks for key derivation number {number}, which is unknown", kind="kdf-refused"
    )


def _within(what: str, asked: int, bounds: range) -> None:
    if asked not in bounds:
        raise MalformedError(
            f"the server asks for {asked} {what}; "
            f"between {bounds.start} and {bounds.stop - 1} is accepted",
            kind="kdf-refused",
        )


def normalise_email(email: str) -> str:
    """The e-mail address as every client salts with it and the server stores it."""
    return email.strip().lower()


def derive_master_key(password: Secret, salt: str, kdf: Kdf) -> Secret:
    """The 32 bytes from which the rest follows; ``salt`` is the normalised address."""
    if kdf.kind == "pbkdf2":
        return Secret(
            hashlib.pbkdf2_hmac("sha256", password.reveal(), salt.encode(), kdf.iterations, 32)
        )
    derivation = Argon2id(
        salt=hashlib.sha256(salt.encode()).digest(),
        length=32,
        iterations=kdf.iterations,
        lanes=kdf.parallelism,
        memory_cost=kdf.memory * 1024,
    )
    return Secret(derivation.derive(password.reveal()))


def login_hash(master_key: Secret, password: Secret) -> Secret:
    """What a login by password sends in place of the password."""
    digest = hashlib.pbkdf2_hmac("sha256", master_key.reveal(), password.reveal(), 1, 32)
    return Secret(base64.b64encode(digest))


def stretch(master_key: Secret) -> SymmetricKey:
    """The key that wraps the user's key."""
    halves = (
        HKDFExpand(SHA256(), 32, info).derive(master_key.reveal()) for info in (b"enc", b"mac")
    )
    return SymmetricKey(Secret(b"".join(halves)))


ADVICE: Final = {
    "kdf-refused": "set the account's key derivation again in the web vault, under Security, Keys",
}
