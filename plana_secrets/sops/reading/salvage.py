"""What can still be read of a SOPS file that must not be used: value by value, no MAC needed.

A value that opens was once written by sops at its own place under this data key; whether
it is the latest, and whether others are missing, only the MAC could tell. So what is
salvaged is shown to a person beside what git last had, and never used without a choice.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from plana_secrets.age.identities import Identities
from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.formats import Format
from plana_secrets.sops.model import (
    Comment,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    Token,
)
from plana_secrets.sops.reading.crypto import Mac, Opener, additional_data
from plana_secrets.sops.reading.datakey import LENGTH
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.reading.scalars import is_canonical
from plana_secrets.sops.reading.tokens import LOOKS_ENCRYPTED, parse_token
from plana_secrets.sops.rules.selectors import DEFAULT_SUFFIX


class State(StrEnum):
    """How a value was found; the words of the reports."""

    OPENS = "opens"
    READABLE = "readable"
    RENAMED = "renamed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Found:
    """One item as it was found. ``value`` is None where it does not open, or is empty.

    ``former``: the path at which it was written, for one that was renamed or moved.
    """

    item: Item
    state: State
    value: Secret | None = None
    former: LeafPath | None = None


@dataclass(frozen=True, slots=True)
class Salvage:
    """What a file still says, in document order.

    ``rest_holds``: the MAC proves that nothing else was changed than the values that are
    readable, renamed or broken. ``is_parsed``: the file was read to its end. ``has_key``: an
    identity opened it.
    """

    found: tuple[Found, ...]
    rest_holds: bool
    is_parsed: bool
    has_key: bool

    @property
    def is_whole(self) -> bool:
        """Every value opens and the MAC holds; only the form was wrong."""
        return self.rest_holds and all(one.state is State.OPENS for one in self.found)

    def items_as_named(self) -> list[Item]:
        """The items under the names that they have in the file, suffixes included."""
        return [
            replace(one.item, path=one.former)
            if one.former and one.state is State.READABLE
            else one.item
            for one in self.found
        ]


def salvage(
    data: bytes,
    form: Format,
    identities: Identities,
    *,
    former: Mapping[LeafPath, Secret | None] = MappingProxyType({}),
    former_key: Secret | None = None,
) -> Salvage:
    """Read what can be read.

    ``former``: the values of an earlier version, at whose paths a moved one may have been.
    ``former_key``: its data key, for a file whose own is lost.
    """
    structure = read_structure(_without_marks(data), form)
    opener = _find_opener(structure.metadata, identities)
    if opener is None and former_key is not None:
        opener = Opener(former_key.reveal())
    reader = _Reader(opener, former)
    found = [reader.take(item) for item in structure.items]
    if any(one.check == "unencrypted-suffix" for one in structure.errors()):
        found = [_without_suffix(one) for one in found]
    is_parsed = not any(one.check in _UNPARSED for one in structure.errors())
    return Salvage(
        found=tuple(found),
        rest_holds=is_parsed and _rest_holds(structure.metadata, opener, found, former),
        is_parsed=is_parsed,
        has_key=opener is not None,
    )


_UNPARSED = frozenset({"yaml", "merge-conflict", "lfs-pointer", "too-large", "unread-format"})


def _without_marks(data: bytes) -> bytes:
    """Without what an editor for Windows adds; the MAC then says whether that was all."""
    return data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")


def _find_opener(metadata: Metadata | None, identities: Identities) -> Opener | None:
    """The first data key that any entry gives to any identity, whatever its label says."""
    for stanza in metadata.recipients if metadata else ():
        try:
            data_key = identities.unwrap(stanza.enc)
        except MalformedError:
            continue
        if data_key is not None and len(data_key.reveal()) == LENGTH:
            return Opener(data_key.reveal())
    return None


class _Reader:
    def __init__(self, opener: Opener | None, elsewhere: Iterable[LeafPath]) -> None:
        self._opener = opener
        self._elsewhere = tuple(elsewhere)

    def take(self, item: Item) -> Found:
        if isinstance(item, Empty):
            return Found(item, State.OPENS)
        token = item.token
        if token is None:
            value = Secret(b"") if item.plain is None else item.plain
            if not value.reveal().lstrip().startswith(LOOKS_ENCRYPTED.encode()):
                return Found(item, State.READABLE if self._is_exposed(item) else State.OPENS, value)
            token = _token_of(value)
        if token is None:
            return Found(item, State.BROKEN)
        return (
            self._take_comment(item, token)
            if isinstance(item, Comment)
            else (self._take_leaf(item, token))
        )

    def _take_leaf(self, leaf: Leaf, token: Token) -> Found:
        for path in (leaf.path, *self._elsewhere):
            content = self._open(token, path)
            if content is not None and is_canonical(token.type, content.reveal()):
                moved = additional_data(path) != additional_data(leaf.path)
                state = State.RENAMED if moved else State.OPENS
                whole = replace(leaf, type=LeafType(token.type), token=token, plain=None)
                return Found(whole, state, content, path if moved else None)
        return Found(leaf, State.BROKEN)

    def _take_comment(self, comment: Comment, token: Token) -> Found:
        for path in (comment.path, *comment.candidates):
            content = self._open(token, path)
            if content is not None:
                whole = replace(comment, path=path, token=token, plain=None)
                return Found(whole, State.OPENS, content)
        return Found(comment, State.BROKEN)

    def _is_exposed(self, item: Leaf | Comment) -> bool:
        """Whether a value is readable that must not be; sops leaves an empty one readable."""
        return item.in_scope and item.plain is not None and not item.plain.is_empty

    def _open(self, token: Token, path: LeafPath) -> Secret | None:
        if self._opener is None:
            return None
        content = self._opener.open(token, additional_data(path))
        return None if content is None else Secret(content)


def _token_of(value: Secret) -> Token | None:
    """The token in a text that nothing takes for one, as in a file that lost its metadata."""
    try:
        return parse_token(value.reveal_text().strip())
    except ValueError:
        return None


def _without_suffix(found: Found) -> Found:
    """A value whose key tells sops not to encrypt it: readable, under the key's better name."""
    path = tuple(
        step.removesuffix(DEFAULT_SUFFIX) if isinstance(step, str) else step
        for step in found.item.path
    )
    if path == found.item.path or not isinstance(found.item, Leaf):
        return replace(found, item=replace(found.item, path=path))
    return Found(replace(found.item, path=path), State.READABLE, found.value, found.item.path)


def _rest_holds(
    metadata: Metadata | None,
    opener: Opener | None,
    found: Sequence[Found],
    former: Mapping[LeafPath, Secret | None],
) -> bool:
    """Whether the MAC holds with what is in doubt as it is, left out, or as it was."""
    if opener is None or metadata is None:
        return False
    doubtful = {
        at: (one.value, None, former.get(one.item.path))
        for at, one in enumerate(found)
        if one.state in {State.READABLE, State.BROKEN}
    }
    for way in range(3):
        mac = Mac(metadata)
        for at, one in enumerate(found):
            value = doubtful[at][way] if at in doubtful else one.value
            if isinstance(one.item, Leaf) and value is not None:
                mac.update(value.reveal())
        if mac.holds(opener) is True:
            return True
        if not doubtful:
            break
    return False
