"""Keysets against the clock, against their targets, and against what was destroyed."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from plana_secrets.counts import counted
from plana_secrets.document.shape import overriding
from plana_secrets.errors import CredentialError, FailedError
from plana_secrets.paths import format_path
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.targets import targets_of
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Leaf, Severity
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

if TYPE_CHECKING:
    from plana_secrets.rotation.copies import KeyCopies
    from plana_secrets.rotation.keyset import Keyset
    from plana_secrets.rotation.plan import KeysetStatus
    from plana_secrets.rotation.store import KeysetStore

_ERROR_PAST: Final = 1.25
_TRUE: Final = Secret(b"True")
"""As sops spells it for the MAC, and our reader therefore too."""
_SECRET: Final = Secret(b"Secret")
_SAID_ELSEWHERE: Final = frozenset(
    {"no-identity", "no-identity-fits", "identity-unusable", "destroyed-value"}
)


def open_keysets(workspace: Workspace, policies: Sequence[KeysetPolicy]) -> KeysetStore | None:
    """The configured keysets; None where there are none."""
    if not policies:
        return None
    from plana_secrets.rotation.store import KeysetStore

    return KeysetStore(workspace, policies)


def find_key_copies(store: KeysetStore | None, *, with_history: bool) -> KeyCopies | None:
    """What files are searched for, before any of them is read."""
    if store is None:
        return None
    from plana_secrets.rotation.copies import find_copies

    return find_copies(store, with_history=with_history)


def check_unknown(store: KeysetStore | None, files: Collection[str]) -> Iterator[Finding]:
    """Every keyset file that is of no configured keyset."""
    known = {store.file(policy.name) for policy in store.policies} if store else set()
    for file in sorted(set(files) - known):
        yield found("keyset-unknown", "it has no [keysets] table", file=file)


def check_keysets(store: KeysetStore, now: datetime) -> Iterator[Finding]:
    """Every configured keyset."""
    from plana_secrets.rotation.status import describe

    manifests = _manifests(store)
    yield from _check_immutable(manifests)
    yield from _check_overridden(store.policies, manifests)
    for policy in store.policies:
        status = describe(store, policy, now)
        if status.problem == "not-initialised":
            yield _no_file(store, status)
        else:
            yield from _check_state(status, now)
        if status.keyset is not None and status.authenticated:
            yield from _check_targets(store, status.keyset)
            yield from _check_history(store, status.keyset)
        if status.problem == "destroyed-value" and status.keyset is not None:
            yield from _check_destroyed(store, status.keyset)


def _manifests(store: KeysetStore) -> dict[str, list[Leaf]]:
    """The targets' Secret manifests, read without a key; nothing of what cannot be read."""
    found: dict[str, list[Leaf]] = {}
    files = {file for policy in store.policies for file in store.files(policy.name)[1:]}
    for file in sorted(files):
        with contextlib.suppress(FailedError):
            leaves = list(read_structure(store.content(file) or b"", format_of(file)).leaves())
            if any(leaf.path == ("kind",) and leaf.plain == _SECRET for leaf in leaves):
                found[file] = leaves
    return found


def _check_immutable(manifests: Mapping[str, Sequence[Leaf]]) -> Iterator[Finding]:
    for file, leaves in manifests.items():
        for leaf in leaves:
            if leaf.path == ("immutable",) and leaf.plain == _TRUE:
                words = "Kubernetes refuses every change of this Secret"
                yield found("target-immutable", words, file=file, line=leaf.line, path="immutable")


def _check_overridden(
    policies: Sequence[KeysetPolicy], manifests: Mapping[str, Sequence[Leaf]]
) -> Iterator[Finding]:
    """No move reaches a service that is given another value in place of the target."""
    for policy in policies:
        for place in targets_of(policy):
            if place.path[0] != "data":
                continue
            path = format_path(place.path)
            words = f"Kubernetes takes it in place of {path}, a target of {policy.name}"
            for leaf in manifests.get(place.file, ()):
                if leaf.path == overriding(place.path):
                    over = format_path(leaf.path)
                    yield found("manifest-data", words, file=place.file, line=leaf.line, path=over)


def _no_file(store: KeysetStore, status: KeysetStatus) -> Finding:
    """One that never was is still to be created; one that was is lost with all its keys."""
    if store.history.had(status.file):
        words = f"the file of {status.name} is missing; it is in the history"
        return found("rotation-unreadable", words, file=status.file)
    words = f"{status.name} is configured but has no file"
    return found("rotation-unreadable", words, file=status.file, severity=Severity.WARNING)


def _check_state(status: KeysetStatus, now: datetime) -> Iterator[Finding]:
    if status.problem is not None and status.problem not in _SAID_ELSEWHERE:
        yield found("rotation-unreadable", status.message, file=status.file)
    if status.keyset is None:
        return
    if status.next is not None and status.next.waiting_for == "clock":
        yield from _in_future(status, status.keyset, now)
    for place in status.left.removed:
        yield found(
            "reader-removed",
            f"no longer a target of {status.name}, but still has one of its keys",
            file=place.partition("#")[0],
            path=place.partition("#")[2],
        )
    if status.overdue:
        late = status.is_past(now, _ERROR_PAST)
        yield found(
            "rotation-overdue",
            f"the active key of {status.name} is older than its max_age",
            file=status.file,
            path="active",
            severity=Severity.ERROR if late else Severity.WARNING,
            keyset=status.name,
        )


def _in_future(status: KeysetStatus, keyset: Keyset, now: datetime) -> Iterator[Finding]:
    """A clock was wrong when a move was dated: every wait would last until then."""
    from plana_secrets.rotation.dating import future_keys

    for key in future_keys(keyset, now):
        yield found(
            "since-in-future",
            f"a move of {status.name} is dated in the future",
            file=status.file,
            path=format_path(("keys", key.kid, "since")),
            keyset=status.name,
        )


def _check_targets(store: KeysetStore, keyset: Keyset) -> Iterator[Finding]:
    """What services read, leaf by leaf. A file that we cannot open is its own level's matter."""
    try:
        leaves = store.expected(keyset)
        differing = store.differences(leaves)
    except CredentialError:
        return
    except FailedError as error:
        file = store.file(keyset.name)
        if error.kind != "target-missing":
            file = str(error.facts.get("file", file))
        yield found("target-differs", error.message, file=file, keyset=keyset.name)
        return
    for leaf in differing:
        yield found(
            "target-differs",
            f"does not match the keyset {keyset.name}",
            file=leaf.reference.file,
            path=format_path(leaf.reference.path),
            keyset=keyset.name,
        )
    for leaf in leaves:
        if leaf.foreign:
            yield found(
                "target-foreign",
                f"{counted(leaf.foreign, 'entry')} without a keyset",
                file=leaf.reference.file,
                path=format_path(leaf.reference.path),
            )


def _check_destroyed(store: KeysetStore, keyset: Keyset) -> Iterator[Finding]:
    """No key has a value that was destroyed: a revert, or an old file, would bring it back."""
    from plana_secrets.rotation.history import find_destroyed

    for kid in find_destroyed(store.history, keyset):
        yield found(
            "destroyed-value",
            "this value was destroyed by a rotation, and it is back",
            file=store.file(keyset.name),
            path=format_path(("keys", kid, "value")),
        )


def _check_history(store: KeysetStore, keyset: Keyset) -> Iterator[Finding]:
    """What this clone lacks may be the tombstone of a value that is back."""
    gap = store.history.gap
    if gap is not None:
        yield found(
            "history-incomplete",
            f"{gap} does not show every value of {keyset.name} that was destroyed",
            file=store.file(keyset.name),
        )
