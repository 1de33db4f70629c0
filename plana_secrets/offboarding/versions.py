"""What of a version of a secret file can be seen without a key: which ciphertext is where.

Ten thousand versions of files have few shapes: each shape is parsed once, and the ciphertexts of
the others are counted off along it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plana_secrets.paths import format_path
from plana_secrets.secretfiles.formers import Seen
from plana_secrets.sops.formats import Format
from plana_secrets.sops.model import Comment, Leaf, Structure
from plana_secrets.sops.reading.reader import read_structure

_ARMOR: Final = re.compile(rb"-----BEGIN AGE.*?END AGE ENCRYPTED FILE-----", re.DOTALL)
_TIME: Final = re.compile(rb"lastmodified.{,4}?[\d\-T:Z\"']+")
_TOKEN: Final = re.compile(rb"(mac\"?[ \t]*[:=][ \t]*[\"']?)?(ENC\[AES256_GCM,[^\]]*\])")

_Steps = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """``values``: path -> ciphertext of each encrypted value. ``links``: what two versions
    share only if they have one data key. ``service``: of a Secret manifest, its name."""

    blob: str
    readers: frozenset[str]
    values: Mapping[str, bytes]
    links: frozenset[bytes]
    wrapped: Mapping[str, bytes]
    service: str | None = None


@dataclass(frozen=True)
class _Shape:
    """The paths of the ciphertexts in their order; None for a comment."""

    steps: _Steps
    service: str | None


class Versions:
    """Versions from contents; remembers the shapes that it has seen."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[Format, bytes], _Shape] = {}

    def read(self, blob: str, data: bytes, form: Format) -> Version:
        """What is seen of ``data``; a part of it, where it is broken."""
        seen = Seen(data)
        tokens = [token for mac, token in _TOKEN.findall(data) if not mac]
        shape = self._shape(data, form, len(tokens))
        values = {
            path: token
            for path, token in zip(shape.steps, tokens, strict=False)
            if path is not None
        }
        wrapped = [one.encode() for one in seen.wrapped]
        return Version(
            blob,
            seen.recipients,
            values,
            frozenset((*seen.all_tokens, *wrapped)),
            dict(zip(seen.labels, wrapped, strict=False)),
            shape.service,
        )

    def _shape(self, data: bytes, form: Format, count: int) -> _Shape:
        bare = _TOKEN.sub(b"E", _TIME.sub(b"", _ARMOR.sub(b"", data)))
        if (form, bare) not in self._shapes:
            structure = read_structure(data, form)
            steps = tuple(
                format_path(one.path) if isinstance(one, Leaf) else None
                for one in structure.items
                if isinstance(one, (Leaf, Comment)) and one.token is not None
            )
            # ciphertext where no value is, as after a conflict: what is counted off may be wrong
            sound = steps if len(steps) == count else steps[:0]
            self._shapes[form, bare] = _Shape(sound, _service(structure))
        return self._shapes[form, bare]


def _service(structure: Structure) -> str | None:
    plain = {
        leaf.path: leaf.plain.reveal().decode("utf-8", "replace")
        for leaf in structure.leaves()
        if leaf.token is None and leaf.plain is not None and len(leaf.path) <= 2
    }
    if plain.get(("kind",)) != "Secret":
        return None
    parts = (plain.get(("metadata", "namespace")), plain.get(("metadata", "name")))
    return "/".join(one for one in parts if one) or None
