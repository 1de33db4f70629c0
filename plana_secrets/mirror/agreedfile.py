"""What agreed, kept between runs in a private file that only our identities can write.

The first line is an HMAC over the rest. Its key is derived (HKDF) from the secrets of all
identities and from where the entries count: format and release, repository, backend,
settings. A file that was changed, cut off, or belongs elsewhere has another HMAC, and is as
none. No identity, no file.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from plana_secrets import __version__, limits
from plana_secrets.age.identities import Identities
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.mirror.agreed import Agreed, KeyedDigest
from plana_secrets.mirror.surroundings import Surroundings, make_state_folder
from plana_secrets.secret import Secret
from plana_secrets.storage import read_regular_file, replace_file

_SCHEMA: Final = "plana-secrets/mirror-agreed/1"
_PRIVATE: Final = 0o600
_FIRST: Final = b"first"
_ALL: Final = b"all"
"""With which identities it is written: those that are found at once, or also the further ones."""


class AgreedFile:
    """The entries of one mirror of one repository. Trouble with the file is no trouble of a run."""

    def __init__(
        self, path: Path | None, find_identities: Callable[[], Identities], place: bytes
    ) -> None:
        """``place``: what the key is bound to."""
        self._path = path
        self._identities = find_identities
        self._place = place
        self._key: bytes | None = None
        self._stored: Agreed | None = None

    @classmethod
    def of(cls, around: Surroundings, backend: str, settings: str) -> AgreedFile:
        """Where ``around`` keeps it. ``settings``: all that decides what items look like."""
        repository = around.owner or str(around.repository.common_dir)
        place = msgspec.json.encode([_SCHEMA, __version__, repository, backend, settings])
        try:
            path = around.repository_folder / f"mirror-agreed-{backend}.json"
        except PlanaSecretsError:  # no folder, nothing kept
            path = None
        return cls(path, around.find_identities, place)

    def load(self) -> Agreed:
        """What agreed; nothing where that cannot be proven."""
        if self._path is not None:
            with contextlib.suppress(PlanaSecretsError, msgspec.MsgspecError, UnicodeDecodeError):
                content = read_regular_file(self._path, limit=limits.MIRROR_AGREED)
                self._stored = self._open(content)
        return self._stored or Agreed()

    def _open(self, content: bytes) -> Agreed | None:
        head, _, body = content.partition(b"\n")
        extent, _, mark = head.partition(b" ")
        identities = self._identities()
        self._key = self._derive(identities.complete() if extent == _ALL else identities)
        if self._key is None or not hmac.compare_digest(mark, _mark(self._key, extent, body)):
            return None
        return msgspec.json.decode(body, type=Agreed)

    def keyed(self, context: Secret) -> str:
        """See ``agreed.KeyedDigest``; nothing fits where there is no key."""
        if self._key is None:
            return ""
        return hmac.digest(self._key, b"context " + context.reveal(), "sha256").hex()

    def store(self, agree: Callable[[KeyedDigest], Agreed | None]) -> None:
        """Keep what agrees for the next run, if that is not what is kept.

        With the identities that were looked for in this run: a file that one of the others
        opened is not known once that is gone.
        """
        if self._path is None:
            return
        identities = self._identities()
        found = identities.so_far()
        former, self._key = self._key, self._derive(found)
        if self._key is None or (agreed := agree(self.keyed)) is None:
            return
        if agreed == self._stored and self._key == former:
            return
        body = msgspec.json.encode(agreed)
        extent = _FIRST if found is identities else _ALL
        with contextlib.suppress(PlanaSecretsError):
            make_state_folder(self._path.parent)
            content = extent + b" " + _mark(self._key, extent, body) + b"\n" + body
            replace_file(self._path, content, mode=_PRIVATE)
            self._stored = agreed

    def _derive(self, identities: Identities) -> bytes | None:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        secrets = sorted(one.text.reveal() for one in identities.members)
        if not secrets:
            return None
        material = b"".join(len(one).to_bytes(8, "big") + one for one in secrets)
        return HKDF(SHA256(), 32, salt=None, info=self._place).derive(material)


def _mark(key: bytes, extent: bytes, body: bytes) -> bytes:
    content = b"agreed " + extent + b"\n" + body
    return hmac.digest(key, content, "sha256").hex().encode()
