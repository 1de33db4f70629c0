"""What of a version of a secret file can be seen without a key: which ciphertext is where. And
opening one of them, without reading the whole version.

Ten thousand versions of files have few shapes: each shape is parsed once, and the ciphertexts of
the others are counted off along it.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from plana_secrets.errors import MalformedError
from plana_secrets.paths import format_path, parse_path
from plana_secrets.secretfiles.formers import Seen
from plana_secrets.sops.formats import Format
from plana_secrets.sops.model import Comment, Leaf, Structure, Token
from plana_secrets.sops.reading.crypto import Opener, additional_data
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.reading.tokens import parse_token

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities

_ARMOR: Final = re.compile(rb"-----BEGIN AGE.*?END AGE ENCRYPTED FILE-----", re.DOTALL)
_TIME: Final = re.compile(rb"lastmodified\"?[ \t]*[:=][ \t]*[\"']?[0-9]{4}-[0-9T:.+-]+Z?")
ENCRYPTED: Final = re.compile(rb"ENC\[AES256_GCM,[^\]]*\]")

_Steps = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """``values``: path -> ciphertext of each encrypted value. ``links``: what two versions
    share only if they have one data key. ``service``: of a Secret manifest, its name.
    ``is_opaque``: it has ciphertexts, and where they are cannot be told."""

    blob: str
    readers: frozenset[str]
    values: Mapping[str, bytes]
    links: frozenset[bytes]
    wrapped: Mapping[str, bytes]
    service: str | None = None
    is_opaque: bool = False


@dataclass(frozen=True)
class _Shape:
    """The paths of the ciphertexts in their order; None for a comment, and for the MAC."""

    steps: _Steps
    service: str | None


class Versions:
    """Versions from contents; remembers the shapes that it has seen."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[Format, bytes], _Shape] = {}

    def read(self, blob: str, data: bytes, form: Format) -> Version:
        """What is seen of ``data``; a part of it, where it is broken."""
        seen = Seen(data)
        tokens = ENCRYPTED.findall(data)
        shape = self._shape(data, form, tokens)
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
            links_of(seen),
            dict(zip(seen.labels, wrapped, strict=False)),
            shape.service,
            bool(tokens) and not shape.steps,
        )

    def _shape(self, data: bytes, form: Format, tokens: Sequence[bytes]) -> _Shape:
        bare = ENCRYPTED.sub(b"E", _TIME.sub(b"", _ARMOR.sub(b"", data)))
        if (form, bare) not in self._shapes:
            structure = read_structure(data, form)
            self._shapes[form, bare] = _Shape(_steps(structure, tokens), _service(structure))
        return self._shapes[form, bare]


def opaque_version(blob: str, data: bytes) -> Version:
    """Of a content that is too large to look into."""
    seen = Seen(data)
    return Version(blob, seen.recipients, {}, links_of(seen), {}, is_opaque=True)


def links_of(seen: Seen) -> frozenset[bytes]:
    """What two versions share only if they have one data key."""
    return seen.all_tokens.union(one.encode() for one in seen.wrapped)


def _steps(structure: Structure, tokens: Sequence[bytes]) -> _Steps:
    steps: list[str | None] = [
        format_path(one.path) if isinstance(one, Leaf) else None
        for one in structure.items
        if isinstance(one, (Leaf, Comment)) and one.token is not None
    ]
    mac = structure.metadata.mac if structure.metadata else None
    if mac is not None:  # a value may have that name, too
        places = [place for place, one in enumerate(tokens) if _parsed(one) == mac]
        steps.insert(places[-1] if places else len(steps), None)
    # ciphertext where no value is, as after a conflict: what is counted off may be wrong
    return tuple(steps) if len(steps) == len(tokens) else ()


def _parsed(ciphertext: bytes) -> Token | None:
    return parse_token(ciphertext.decode("ascii", "replace"))


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


class Openers:
    """The data keys of versions, as far as identities here open them. Most versions have the
    same wrapped keys: each is tried once."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._known: dict[bytes, Opener | None] = {}

    def of(self, version: Version) -> Opener | None:
        """The key of a version; None where no identity opens it."""
        ours = self._identities.complete().recipients()
        for label in ours & version.wrapped.keys():
            wrapped = version.wrapped[label]
            if wrapped not in self._known:
                self._known[wrapped] = self._unwrap(wrapped)
            if self._known[wrapped] is not None:
                return self._known[wrapped]
        return None

    def _unwrap(self, wrapped: bytes) -> Opener | None:
        with contextlib.suppress(MalformedError, ValueError):
            key = self._identities.unwrap(base64.b64decode(wrapped))
            return Opener(key.reveal()) if key is not None else None
        return None


def open_ciphertext(opener: Opener, ciphertext: bytes, path: str) -> bytes | None:
    """The value at ``path``; None where it is not of this data key and place."""
    token = _parsed(ciphertext)
    return opener.open(token, additional_data(parse_path(path))) if token is not None else None
