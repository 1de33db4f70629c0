"""Places that a keyset remembers and the settings do not name: services may still read them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from plana_secrets.document.references import SecretReference, parse_reference
from plana_secrets.errors import FailedError, PlanaSecretsError, UsageError
from plana_secrets.paths import LeafPath
from plana_secrets.rotation.keysetfile import file_of, read_keyset_shape
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.secretfiles.open import read_structure_of
from plana_secrets.secretfiles.workspace import Workspace

if TYPE_CHECKING:
    from plana_secrets.rotation.keyset import Keyset
    from plana_secrets.rotation.store import KeysetStore


def find_held(store: KeysetStore, place: SecretReference, keyset: Keyset) -> SecretReference | None:
    """Where services may still read a key of ``keyset`` that was at ``place``.

    Regardless of the current rules: it may no longer be a secret file. One that is gone may have
    another name, so its value is looked for at the same path of the others.
    """
    if os.path.lexists(store.workspace.root / place.file):
        return place if store.holds(place, keyset) else None
    name = str(place.path[-1]).encode()
    for file in store.secret_files():
        with contextlib.suppress(PlanaSecretsError):
            other = SecretReference(file, place.path)
            if name in (store.content(file) or b"") and store.holds(other, keyset):
                return other
    return None


def refuse_adopted(
    workspace: Workspace, policies: Sequence[KeysetPolicy], file: str, path: LeafPath | None
) -> None:
    """Stop a move of a value that a keyset was adopted from; without ``path``, of the whole file.

    Raises:
        UsageError: kind ``adopted-path``.
    """
    for name, place in _adopted(workspace, policies):
        if place.file == file and path in {None, place.path} and _is_there(workspace, place):
            raise UsageError(
                f"services may still read {place}, which the keyset {name} was adopted from",
                kind="adopted-path",
                place=str(place),
                file=place.file,
                name=name,
            )


def _adopted(
    workspace: Workspace, policies: Sequence[KeysetPolicy]
) -> Iterator[tuple[str, SecretReference]]:
    """By the readable part of the keyset files; what cannot be read remembers nothing."""
    for policy in policies:
        file = file_of(workspace.settings.keysets, policy.name)
        with contextlib.suppress(FailedError):
            shape = read_keyset_shape(read_structure_of(workspace, file), file)
            for place in shape.terms.adopted if shape.terms else ():
                yield policy.name, parse_reference(place)


def _is_there(workspace: Workspace, place: SecretReference) -> bool:
    leaves = read_structure_of(workspace, place.file).leaves()
    return any(leaf.path == place.path for leaf in leaves)


ADVICE: Final = {
    "adopted-path": (
        "move its readers to the keyset, then run `plana-secrets unset {place}`; if there are "
        "none, run `plana-secrets rotate confirm {name} --adopted` first"
    ),
}
