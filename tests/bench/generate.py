"""Secret files in any number, quickly: the format written by hand, one sample checked by sops.

Every file has a data key of its own, wrapped for each recipient as age does it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from plana_secrets.age.bech32 import bech32_decode
from tests.world import World

LEAVES = 20
RECIPIENTS = 5
STAMP = "2026-11-01T10:00:00Z"


def generate_files(world: World, count: int, folder: str = "infra/secrets/bench") -> list[str]:
    """``count`` plain maps of ``LEAVES`` strings under ``folder``; their names."""
    names = [f"{folder}/{number // 100:03d}/{number:05d}.yaml" for number in range(count)]
    recipients = world.recipients.split(",")
    for name in names:
        target = world.repo / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(make_document(recipients))
    world.sops("decrypt", names[-1])
    return names


def generate_commits(world: World, names: Sequence[str], count: int, files: int) -> None:
    """``count`` commits on main, each of which writes ``files`` of ``names`` again.

    The one in the middle changes the rules, too: then each commit is judged by its own.
    """
    recipients = world.recipients.split(",")
    head = world.git("rev-parse", "HEAD").strip().encode()
    stream = []
    for number in range(count):
        date = 1_793_000_000 + number
        stream.append(b"commit refs/heads/main\ncommitter T <t@example.test> %d +0000\n" % date)
        stream.append(b"data 8\na change\n" + (b"" if number else b"from %s\n" % head))
        for place in range(files):
            name = names[(number * files + place) % len(names)]
            stream.append(_inline(name, make_document(recipients)))
        if number == count // 2:
            rules = (world.repo / ".sops.yaml").read_bytes()
            stream.append(_inline(".sops.yaml", rules + b"# more\n"))
    world.command("git", "fast-import", "--quiet", "--force", stdin=b"".join(stream))
    world.git("reset", "-q", "--hard", "main")


def _inline(name: str, content: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(content), content)


def make_document(recipients: Sequence[str]) -> bytes:
    """A file as sops writes it, with new values."""
    data_key = os.urandom(32)
    box = AESGCM(data_key)
    digest = hashlib.sha512()
    lines = []
    for number in range(LEAVES):
        group, key = f"service{number // 5}", f"password{number}"
        if number % 5 == 0:
            lines.append(f"{group}:")
        plain = base64.b64encode(os.urandom(24))
        digest.update(plain)
        lines.append(f"    {key}: {_token(box, plain, f'{group}:{key}:')}")
    mac = _token(box, digest.hexdigest().upper().encode(), STAMP)
    lines += ["sops:", "    age:"]
    for recipient in recipients:
        lines += [f"        - recipient: {recipient}", "          enc: |"]
        lines += [f"            {line}" for line in _armored(_wrapped(data_key, recipient))]
    lines += [f'    lastmodified: "{STAMP}"', f"    mac: {mac}"]
    lines += ["    unencrypted_suffix: _unencrypted", "    version: 3.11.0", ""]
    return "\n".join(lines).encode()


def _token(box: AESGCM, plain: bytes, aad: str) -> str:
    iv = os.urandom(32)
    sealed = box.encrypt(iv, plain, aad.encode())
    parts = (base64.b64encode(part).decode() for part in (sealed[:-16], iv, sealed[-16:]))
    return "ENC[AES256_GCM,data:{},iv:{},tag:{},type:str]".format(*parts)


def _wrapped(data_key: bytes, recipient: str) -> bytes:
    """An age file. Source: C2SP age.md, "The X25519 recipient type", "Payload"."""
    public = bech32_decode(recipient)[1]
    own, file_key, nonce = X25519PrivateKey.generate(), os.urandom(16), os.urandom(16)
    share = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = own.exchange(X25519PublicKey.from_public_bytes(public))
    wrap_key = _derived(shared, share + public, b"age-encryption.org/v1/X25519")
    body = ChaCha20Poly1305(wrap_key).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> X25519 %s\n%s\n---" % (_bare(share), _bare(body))
    mac = hmac.digest(_derived(file_key, b"", b"header"), header, "sha256")
    stream = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    return (
        header + b" %s\n" % _bare(mac) + nonce + stream.encrypt(bytes(11) + b"\1", data_key, None)
    )


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def _bare(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _armored(content: bytes) -> list[str]:
    text = base64.b64encode(content).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return ["-----BEGIN AGE ENCRYPTED FILE-----", *lines, "-----END AGE ENCRYPTED FILE-----"]


def make_world(folder: Path) -> World:
    """A world with ``RECIPIENTS`` recipients."""
    others = [pyrage.x25519.Identity.generate() for _ in range(RECIPIENTS - 1)]
    return World(folder, others=others)
