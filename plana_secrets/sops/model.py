"""What a SOPS document is, as data: items in document order, metadata, defects.

A document is kept flat: every scalar, every empty container and every comment is one
item, in the order of the file, and the path says where it sits. That is all that
reading, comparing, mirroring and writing again need, and it is quick to make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret

RULES_FILE: Final = ".sops.yaml"
"""Where creation rules are: at the root of a repository, and in folders below it."""

IGNORED_RULES_FILE: Final = ".sops.yml"
"""What people take for the same name; sops does not look at it."""


class Severity(StrEnum):
    """How bad a defect or a finding is; the words of the reports."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class LeafType(StrEnum):
    """The type of a scalar as sops means it (its ``type:`` word, or the resolved plain scalar)."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    TIME = "time"
    BYTES = "bytes"
    NULL = "null"


@dataclass(slots=True)
class Token:
    """One ``ENC[AES256_GCM,...]``, decoded. ``type`` is the word in it, not authenticated."""

    data: bytes
    iv: bytes
    tag: bytes
    type: str


@dataclass(slots=True)
class Leaf:
    """A scalar value. ``token`` is None when the file has it in plaintext.

    ``in_scope``: the document's selector says that this path is to be encrypted.
    ``plain``: the bytes that enter the MAC (sops's canonical bytes of the typed value,
    as in sops.md of the design 1.2) for a plain leaf; None for an encrypted one.
    """

    path: LeafPath
    line: int
    type: LeafType
    in_scope: bool
    token: Token | None
    plain: Secret | None


@dataclass(slots=True)
class Empty:
    """An empty map or list; sops neither encrypts nor authenticates it."""

    path: LeafPath
    line: int
    container: Literal["map", "list"]


@dataclass(slots=True)
class Comment:
    """A comment; ``path`` is that of the map or list around it. Never in the MAC.

    Layout may leave open which one that is: ``candidates`` are all that come into
    question, and opening the comment settles ``path``.
    """

    path: LeafPath
    line: int
    in_scope: bool
    token: Token | None
    plain: Secret | None
    candidates: tuple[LeafPath, ...] = ()


Item = Leaf | Empty | Comment


@dataclass(slots=True)
class RecipientStanza:
    """One entry of ``sops.age``: the label is not bound to the age file in ``enc``."""

    recipient: str
    enc: str
    line: int


@dataclass(frozen=True, slots=True)
class Selector:
    """Which keys are encrypted: at most one of the six options of sops.

    ``option`` is e.g. ``encrypted_regex``; None means sops's default (everything but
    keys ending in ``_unencrypted``).
    """

    option: str | None = None
    pattern: str = ""


@dataclass(slots=True)
class Metadata:
    """The ``sops:`` block."""

    recipients: tuple[RecipientStanza, ...]
    selector: Selector
    mac_only_encrypted: bool
    lastmodified: str
    mac: Token | None
    version: str
    line: int
    other_keys: tuple[str, ...] = ()
    """Names of key services present beside age (kms, pgp, ... with entries)."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Something in a file that must not, or need not, be there. Never holds a value.

    ``check`` is the stable word of the check that it fails (``not-encrypted``).
    """

    check: str
    severity: Severity
    message: str
    line: int | None = None
    path: LeafPath | None = None


@dataclass(slots=True)
class Structure:
    """A SOPS file read without any key. ``metadata`` is None where there is none.

    With a defect of severity error the items are what could be read so far: good for
    findings, not for use.
    """

    items: list[Item]
    metadata: Metadata | None
    defects: list[Defect] = field(default_factory=list)

    def leaves(self) -> Iterator[Leaf]:
        return (item for item in self.items if isinstance(item, Leaf))

    def errors(self) -> tuple[Defect, ...]:
        """The defects that forbid to use the document."""
        return tuple(one for one in self.defects if one.severity is Severity.ERROR)

    @property
    def is_sound(self) -> bool:
        return not self.errors()


@dataclass(slots=True)
class Document:
    """A structure opened with an identity; the MAC held.

    ``values`` are the plaintext bytes by position in ``structure.items`` (None for
    empties); comments included.
    """

    structure: Structure
    values: list[Secret | None]
    data_key: Secret

    def entries(self) -> Iterator[tuple[Leaf, Secret]]:
        """Every leaf with its value, in document order."""
        for item, value in zip(self.structure.items, self.values, strict=True):
            if isinstance(item, Leaf) and value is not None:
                yield item, value

    def find(self, path: LeafPath) -> tuple[Leaf, Secret] | None:
        """The leaf at ``path``, or None."""
        return next(((leaf, value) for leaf, value in self.entries() if leaf.path == path), None)
