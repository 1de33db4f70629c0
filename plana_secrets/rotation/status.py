"""How the configured keysets are, whatever state their files are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from plana_secrets.errors import CredentialError, FailedError, PlanaSecretsError
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.keysetfile import parse_keyset, read_keyset_shape
from plana_secrets.rotation.plan import KeysetStatus, describe_keyset, describe_problem
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.secretfiles.open import read_structure_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.reading.reader import read_structure


def list_keysets(
    workspace: Workspace, policies: Sequence[KeysetPolicy], now: datetime
) -> tuple[KeysetStatus, ...]:
    """Every configured keyset, by name; one that cannot be read is blocked and says why.

    Without an identity the readable part of a file is shown, marked as not authenticated.
    """
    store = KeysetStore(workspace, policies)
    return tuple(describe(store, policy, now) for policy in policies)


def find_fingerprints(store: KeysetStore, name: str) -> frozenset[str]:
    """Of every value that some version of a keyset, in the history of HEAD, had destroyed.

    A revert takes the tombstone away together with what it undoes: the history has it.
    """
    repository = store.workspace.repository
    head = repository.head()
    if head is None:
        return frozenset()
    versions = {blob for _, blob in repository.history_of(store.file(name), until=head)}
    found: set[str] = set()
    for content in repository.read_objects(sorted(versions)).values():
        keyset = parse_keyset(read_structure(content))
        if isinstance(keyset, Keyset):
            found |= {key.fingerprint for key in keyset.keys if key.fingerprint}
    return frozenset(found)


def describe(store: KeysetStore, policy: KeysetPolicy, now: datetime) -> KeysetStatus:
    file = store.file(policy.name)
    try:
        return describe_keyset(policy, file, store.load(policy.name), now)
    except CredentialError as error:
        try:
            shape = read_keyset_shape(read_structure_of(store.workspace, file), file)
        except FailedError:
            return describe_stored(store, policy, error)
        return replace(describe_keyset(policy, file, shape, now), authenticated=False)
    except FailedError as error:
        return describe_stored(store, policy, error)


def describe_stored(
    store: KeysetStore, policy: KeysetPolicy, error: PlanaSecretsError
) -> KeysetStatus:
    """A keyset that an error stands in the way of."""
    return describe_problem(policy, store.file(policy.name), error.kind, error.message)
