"""What the history of HEAD says of keysets: which there were, and what they destroyed.

A revert takes a tombstone away together with what it undoes: the history has it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.errors import CredentialError, FailedError
from plana_secrets.git.repository import Repository
from plana_secrets.rotation.keyset import LEGACY_KID, Key, Keyset, Move, Status
from plana_secrets.rotation.keysetfile import parse_keyset
from plana_secrets.rotation.material import WITHHELD, is_generated, matches_fingerprint
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Structure
from plana_secrets.sops.reading.reader import UnreadableError, open_document, read_structure

DESTROYED: Final = "destroyed-value"
"""The kind of the error, and the check of ``verify``, for a value that is back."""


class KeysetHistory:
    """``files`` are those of the configured keysets, whether they exist now or not."""

    def __init__(self, repository: Repository, files: Sequence[str]) -> None:
        self._repository = repository
        self._files = files

    def had(self, file: str) -> bool:
        """Whether some commit up to HEAD has ``file``."""
        return bool(self._versions(file))

    @cached_property
    def keysets(self) -> tuple[Keyset, ...]:
        """Every version of a keyset, without values; what is none of our schema is left out."""
        return tuple(keyset for keyset, _ in self._versions_read)

    @cached_property
    def _versions_read(self) -> tuple[tuple[Keyset, Structure], ...]:
        structures = [read_structure(content) for content in self._contents.values()]
        parsed = [(parse_keyset(one), one) for one in structures]
        return tuple((one, structure) for one, structure in parsed if isinstance(one, Keyset))

    @cached_property
    def _fingerprints(self) -> frozenset[str]:
        return frozenset(one for keyset in self.keysets for one in fingerprints_of(keyset))

    def is_destroyed(self, value: Secret) -> bool:
        """Whether a rotation destroyed this value, as far as its fingerprint can tell."""
        return any(matches_fingerprint(one, value) for one in self._fingerprints)

    def has_tombstone(self, keyset: Keyset, kid: str) -> bool:
        """Whether an earlier version of ``keyset`` says that this key is destroyed.

        A keyset that was initialised again may have the kid ``legacy`` again, and no other.
        """
        own = _random_kids(keyset)
        return any(
            kid in _destroyed_kids(earlier) and (kid in own or own & _random_kids(earlier))
            for earlier in self.keysets
            if earlier.name == keyset.name
        )

    def values_without_fingerprint(
        self, keyset: Keyset, identities: Identities
    ) -> Iterator[tuple[str, Secret]]:
        """The kid and value of each key that ``keyset`` destroyed without a fingerprint.

        They are in an earlier version, if that is in this clone and an identity opens it.
        """
        for key in keyset.keys:
            if key.fingerprint == WITHHELD:
                value = self._value_of(keyset, key.kid, identities)
                if value is not None:
                    yield key.kid, value

    def _value_of(self, keyset: Keyset, kid: str, identities: Identities) -> Secret | None:
        own = _random_kids(keyset)
        for earlier, structure in self._versions_read:
            live = [key.kid for key in earlier.keys if key.status is not Status.DESTROYED]
            if earlier.name == keyset.name and kid in live and own & _random_kids(earlier):
                with contextlib.suppress(CredentialError, UnreadableError):
                    document = open_document(structure, identities)
                    opened = parse_keyset(structure, document.values)
                    if isinstance(opened, Keyset):
                        return next(key.value for key in opened.keys if key.kid == kid)
        return None

    @cached_property
    def gap(self) -> str | None:
        """What keeps older tombstones out of sight, in a few words; None where nothing does."""
        wanted, are_all = self._wanted
        if not are_all or wanted - self._contents.keys():
            return "a partial clone"
        return self._repository.missing_history()

    @property
    def is_partial(self) -> bool:
        """Whether this clone lacks older versions, so that a tombstone may be out of sight."""
        return self.gap is not None

    @cached_property
    def _wanted(self) -> tuple[frozenset[str], bool]:
        """The ids of the versions, and whether they are all: a partial clone may lack trees too."""
        try:
            return frozenset(blob for file in self._files for blob in self._versions(file)), True
        except FailedError:
            if not self._repository.is_partial():
                raise
            return frozenset(), False

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        """Every version by its id, without those that a partial clone left out."""
        read = self._repository.read_objects
        wanted = sorted(self._wanted[0])
        try:
            return read(wanted)
        except FailedError:
            if not self._repository.is_partial():
                raise
        present: dict[str, bytes] = {}
        for blob in wanted:
            with contextlib.suppress(FailedError):
                present |= read([blob])
        return present

    def _versions(self, file: str) -> list[str]:
        head = self._repository.head()
        if head is None:
            return []
        return [blob for _, blob in self._repository.history_of(file, until=head)]


def _random_kids(keyset: Keyset) -> frozenset[str]:
    return frozenset(key.kid for key in keyset.keys if key.kid != LEGACY_KID)


def _destroyed_kids(keyset: Keyset) -> frozenset[str]:
    return frozenset(key.kid for key in keyset.keys if key.status is Status.DESTROYED)


def fingerprints_of(keyset: Keyset) -> frozenset[str]:
    """Of the keys that ``keyset`` itself calls destroyed."""
    return frozenset(key.fingerprint for key in keyset.keys if key.fingerprint)


def find_destroyed(history: KeysetHistory, keyset: Keyset) -> tuple[str, ...]:
    """The kids of ``keyset`` that a rotation destroyed, or whose value it did, and that are back.

    Without values only the first can be told.
    """
    own = fingerprints_of(keyset)

    def is_back(key: Key) -> bool:
        if key.value is None:
            return history.has_tombstone(keyset, key.kid)
        if any(matches_fingerprint(one, key.value) for one in own):
            return True
        return history.is_destroyed(key.value) or history.has_tombstone(keyset, key.kid)

    return tuple(
        key.kid for key in keyset.keys if key.status is not Status.DESTROYED and is_back(key)
    )


def refuse_destroyed(history: KeysetHistory, keyset: Keyset, file: str) -> None:
    """Stop where a key has a value that a rotation destroyed.

    Raises:
        FailedError: kind ``destroyed-value``.
    """
    kids = find_destroyed(history, keyset)
    if kids:
        words = destroyed_words(kids)
        raise FailedError(f"{keyset.name}: {words}", kind=DESTROYED, name=keyset.name, file=file)


def destroyed_words(kids: Sequence[str]) -> str:
    return f"the value of {', '.join(kids)} was destroyed by a rotation, and it is back"


def refuse_unknown_past(history: KeysetHistory, name: str, move: Move) -> None:
    """Stop a move that may bring back what commits outside of this clone destroyed.

    Raises:
        FailedError: kind ``partial-history``.
    """
    if move is Move.REINSTATE and history.is_partial:
        raise FailedError(
            f"{name}: this clone lacks older commits, and {move} may bring back a "
            "value that was destroyed in one of them",
            kind="partial-history",
            name=name,
        )


def refuse_unknown_value(history: KeysetHistory, keyset: Keyset) -> None:
    """Stop where an adopted value may be one that commits outside of this clone destroyed.

    Raises:
        FailedError: kind ``partial-history``; only for a value of the form that we generate.
    """
    value = keyset.active.value
    if value is not None and is_generated(value) and history.is_partial:
        raise FailedError(
            f"{keyset.name}: this clone lacks older commits, and the value may have been"
            " destroyed in one of them",
            kind="partial-history",
            name=keyset.name,
        )


ADVICE: Final = {
    "partial-history": "`git fetch --unshallow`",
    "destroyed-value": "restore {file} and its targets to their latest state in git",
}
