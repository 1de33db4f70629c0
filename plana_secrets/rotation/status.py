"""The state of the configured keysets, also with broken files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from plana_secrets.errors import CredentialError, FailedError, PlanaSecretsError
from plana_secrets.rotation.history import DESTROYED, destroyed_words, find_destroyed
from plana_secrets.rotation.keysetfile import read_keyset_shape
from plana_secrets.rotation.plan import KeysetStatus, Phase, describe_keyset, describe_problem
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.secretfiles.open import read_structure_of
from plana_secrets.secretfiles.workspace import Workspace


def list_keysets(
    workspace: Workspace, policies: Sequence[KeysetPolicy], now: datetime
) -> tuple[KeysetStatus, ...]:
    """Every configured keyset, by name; one that cannot be read is blocked and says why.

    Without an identity the readable part of a file is shown, marked as not authenticated.
    """
    store = KeysetStore(workspace, policies)
    return tuple(describe(store, policy, now) for policy in policies)


def outline_keysets(
    workspace: Workspace, policies: Sequence[KeysetPolicy], now: datetime
) -> tuple[KeysetStatus, ...]:
    """The same without opening any file: by the readable part alone, not authenticated."""
    store = KeysetStore(workspace, policies)
    return tuple(_outline(workspace, store, policy, now) for policy in policies)


def _outline(
    workspace: Workspace, store: KeysetStore, policy: KeysetPolicy, now: datetime
) -> KeysetStatus:
    file = store.file(policy.name)
    try:
        store.require(policy.name)
        shape = read_keyset_shape(read_structure_of(workspace, file), file)
    except FailedError as error:
        return describe_stored(store, policy, error)
    return replace(describe_keyset(policy, file, shape, now), authenticated=False)


def describe(store: KeysetStore, policy: KeysetPolicy, now: datetime) -> KeysetStatus:
    """One keyset of the work tree, as ``verify`` and ``rotate`` both say it."""
    try:
        status = _describe_read(store, policy, now)
        assert status.keyset is not None  # noqa: S101 - it was read
        destroyed = find_destroyed(store.history, status.keyset)
    except (CredentialError, FailedError) as error:
        return describe_stored(store, policy, error)
    return describe_destroyed(status, destroyed) if destroyed else status


def _describe_read(store: KeysetStore, policy: KeysetPolicy, now: datetime) -> KeysetStatus:
    file = store.file(policy.name)
    try:
        keyset = store.load(policy.name)
        return describe_keyset(policy, file, keyset, now, store.left(keyset))
    except CredentialError as error:
        try:
            shape = read_keyset_shape(read_structure_of(store.workspace, file), file)
        except FailedError:
            raise error from None
        return replace(describe_keyset(policy, file, shape, now), authenticated=False)


def describe_destroyed(status: KeysetStatus, kids: Sequence[str]) -> KeysetStatus:
    """A keyset that may not move, for a destroyed value is back."""
    words = f"{status.name}: {destroyed_words(kids)}"
    return replace(status, phase=Phase.BLOCKED, next=None, problem=DESTROYED, message=words)


def describe_stored(
    store: KeysetStore, policy: KeysetPolicy, error: PlanaSecretsError
) -> KeysetStatus:
    """A keyset that an error blocks."""
    return describe_problem(policy, store.file(policy.name), error.kind, error.message)
