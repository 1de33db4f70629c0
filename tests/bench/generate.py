"""Secret files in any number, quickly: the format written by hand, one sample checked by sops.

The entries of the recipients are taken from a file that sops made (pyrage adds a random
stanza to what it encrypts, which sops never does and ``verify`` refuses). So all files
share one data key; reading them costs the same.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.world import World

LEAVES = 20
RECIPIENTS = 5
STAMP = "2026-11-01T10:00:00Z"


def generate_files(world: World, count: int, folder: str = "infra/secrets/bench") -> list[str]:
    """``count`` plain maps of ``LEAVES`` strings under ``folder``; their names."""
    entries, data_key = _sample(world)
    names = [f"{folder}/{number // 100:03d}/{number:05d}.yaml" for number in range(count)]
    for name in names:
        target = world.repo / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_document(entries, data_key))
    world.sops("decrypt", names[-1])
    return names


def _sample(world: World) -> tuple[str, bytes]:
    """The ``age`` entries of a file that sops encrypted, and its data key."""
    sample = world.encrypt("infra/secrets/sample.yaml", "a: b\n")
    text = sample.read_text()
    sample.unlink()
    entries = text[text.index("    age:\n") : text.index("    lastmodified:")]
    armored = re.search(r"-----BEGIN[^-]*-----[^-]*-----END[^-]*-----", entries)
    assert armored is not None
    lines = "\n".join(line.strip() for line in armored[0].splitlines())
    return entries.rstrip("\n"), pyrage.decrypt(lines.encode(), [world.identity])


def _document(entries: str, data_key: bytes) -> bytes:
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
    lines += ["sops:", entries]
    lines += [f'    lastmodified: "{STAMP}"', f"    mac: {mac}"]
    lines += ["    unencrypted_suffix: _unencrypted", "    version: 3.11.0", ""]
    return "\n".join(lines).encode()


def _token(box: AESGCM, plain: bytes, aad: str) -> str:
    iv = os.urandom(32)
    sealed = box.encrypt(iv, plain, aad.encode())
    parts = (base64.b64encode(part).decode() for part in (sealed[:-16], iv, sealed[-16:]))
    return "ENC[AES256_GCM,data:{},iv:{},tag:{},type:str]".format(*parts)


def make_world(folder: Path) -> World:
    """A world with ``RECIPIENTS`` recipients."""
    others = [pyrage.x25519.Identity.generate() for _ in range(RECIPIENTS - 1)]
    return World(folder, others=others)
