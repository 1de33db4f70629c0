"""Values of keysets at places where no rotation reaches them: copies, and what was destroyed.

A copy is read by something that learns of no move. A destroyed value that is still in a file
may be accepted somewhere. Values are compared as services read them, in JSON and raw, and as
parts of longer texts; of a destroyed key by its fingerprint, or by its value in the history.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.rotation.keyset import Keyset, Status
from plana_secrets.rotation.material import WITHHELD, is_generated, matches_fingerprint
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.rotation.targets import targets_of
from plana_secrets.secret import Secret

_WHOLE_BELOW: Final = 16
"""A value of fewer bytes counts only as a whole: as a part it would be in many texts."""

_WORD: Final = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Copy:
    """A key whose value is at a place. ``adopted``: it came from there, and is remembered."""

    keyset: str
    kid: str
    status: Status
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """A value of a key in one spelling, and the places (``file#path``) that are to have it.

    The spelling is no ``Secret``, because it is compared with every value there is.
    """

    keyset: str
    kid: str
    status: Status
    spelling: bytes = field(repr=False)
    places: frozenset[str]
    adopted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KeyCopies:
    """What to find copies of, but for ``files``: those of the keysets themselves.

    ``fingerprints`` of destroyed keys, with the name of the keyset and the kid. ``targets`` by
    keyset: what is wrong there is said where they are checked.
    """

    known: tuple[_Known, ...]
    fingerprints: Mapping[str, tuple[str, str]]
    targets: Mapping[str, frozenset[str]]
    files: frozenset[str]

    def find(self, text: Secret, file: str, path: str, *, readable: bool = False) -> Iterator[Copy]:
        """The keys whose value is in ``text``, which is at ``path`` of ``file``.

        ``readable``: it is not encrypted there, so a short word is a word.
        """
        if file in self.files:
            return
        place = f"{file}#{path}"
        yield from dict.fromkeys(self._find_known(text.reveal(), place, readable=readable))
        for keyset, kid in self._find_destroyed(text.reveal()):
            if place not in self.targets.get(keyset, ()):
                yield Copy(keyset, kid, Status.DESTROYED)

    def _find_known(self, content: bytes, place: str, *, readable: bool) -> Iterator[Copy]:
        for one in [one for one in self.known if one.spelling in content]:
            if readable and len(one.spelling) < _WHOLE_BELOW:
                continue
            if holds(content, one.spelling) and place not in one.places:
                yield Copy(one.keyset, one.kid, one.status, adopted=place in one.adopted)

    def _find_destroyed(self, content: bytes) -> Iterator[tuple[str, str]]:
        for word in generated_in(content) if self.fingerprints else ():
            for fingerprint, key in self.fingerprints.items():
                if matches_fingerprint(fingerprint, word):
                    yield key


def holds(content: bytes, spelling: bytes) -> bool:
    """Whether ``content`` is this value of a key, or has it in a longer text."""
    return spelling == content or (len(spelling) >= _WHOLE_BELOW and spelling in content)


def generated_in(content: bytes) -> Iterator[Secret]:
    """The parts that have the form of the values that we generate."""
    return filter(is_generated, map(Secret, set(_WORD.findall(content))))


def find_copies(store: KeysetStore, *, with_history: bool) -> KeyCopies:
    """What the keysets of ``store`` have, as far as they can be opened.

    ``with_history``: and what they had, which git takes a while to tell.
    """
    keysets: list[Keyset] = []
    for policy in store.policies:
        with contextlib.suppress(PlanaSecretsError):
            keysets.append(store.load(policy.name))
    fingerprints = {
        key.fingerprint: (one.name, key.kid)
        for one in (*(_earlier(store) if with_history else ()), *keysets)
        for key in one.keys
        if key.fingerprint is not None and key.fingerprint != WITHHELD
    }
    files = frozenset(store.file(policy.name) for policy in store.policies)
    targets = {
        policy.name: frozenset(str(place) for place in targets_of(policy))
        for policy in store.policies
    }
    known = [one for keyset in keysets for one in _known_of(store, keyset)]
    return KeyCopies(tuple(_share_places(known)), fingerprints, targets, files)


def _earlier(store: KeysetStore) -> tuple[Keyset, ...]:
    """What the history has; that it cannot be read is said where it is checked."""
    with contextlib.suppress(PlanaSecretsError):
        return store.history.keysets
    return ()


def _known_of(store: KeysetStore, keyset: Keyset) -> Iterator[_Known]:
    """Every value in every spelling; of a key that left no fingerprint, the one in the history."""
    policy, left = store.policy(keyset.name), store.left(keyset)
    places = frozenset({*map(str, targets_of(policy)), *left.removed})
    values = [(key.kid, key.status, key.value) for key in keyset.keys if key.value is not None]
    with contextlib.suppress(PlanaSecretsError):
        lost = store.history.values_without_fingerprint(keyset, store.workspace.identities)
        values += [(kid, Status.DESTROYED, value) for kid, value in lost]
    for kid, status, value in values:
        for spelling in policy.spellings(value):
            yield _Known(keyset.name, kid, status, spelling, places, frozenset(left.adopted))


def _share_places(known: Sequence[_Known]) -> Iterator[_Known]:
    """Two keysets that adopted one secret have it in the targets of both."""
    places: dict[bytes, frozenset[str]] = {}
    for one in known:
        places[one.spelling] = places.get(one.spelling, frozenset()) | one.places
    for one in known:
        yield replace(one, places=places[one.spelling])
