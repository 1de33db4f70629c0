"""A value as it was at a commit, to set it again; never a key that a rotation revoked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from plana_secrets.cli.context import Context
from plana_secrets.errors import PlanaSecretsError, UsageError

if TYPE_CHECKING:
    from plana_secrets.document.edits import SetLeaf
    from plana_secrets.paths import LeafPath
    from plana_secrets.rotation.keyset import Key
    from plana_secrets.secret import Secret


def past_leaf(context: Context, file: str, path: LeafPath, at: str) -> SetLeaf:
    """The edit that gives ``path`` the value and the type that it had at a revision.

    Raises:
        UsageError: it had none, or the value is that of a disabled or destroyed key of a
            keyset (kind ``revoked-value``).
    """
    from plana_secrets.cli.secretfile import open_file, read_leaf
    from plana_secrets.document.edits import SetLeaf
    from plana_secrets.paths import format_path

    leaf, value, path = read_leaf(context, open_file(context, file, at), file, path)
    if context.settings.keysets and _is_revoked(context, value):
        spelled = format_path(path)
        raise UsageError(
            f"{file}#{spelled} at {at} is a key that a rotation revoked",
            kind="revoked-value",
            file=file,
            path=spelled,
        )
    return SetLeaf(path, value, leaf.type)


def _is_revoked(context: Context, value: Secret) -> bool:
    from plana_secrets.rotation.history import KeysetHistory
    from plana_secrets.rotation.keyset import Status
    from plana_secrets.rotation.keysetfile import file_of

    folder = context.settings.files.keysets
    files = [file_of(folder, policy.name) for policy in context.settings.keysets]
    history = KeysetHistory(context.repository, files)
    if history.gap is not None:
        context.output.warn(f"this is {history.gap}: older revoked keys are not known")
    return history.is_destroyed(value) or any(
        key.status is Status.DISABLED and key.value == value for key in _keys(context, files)
    )


def _keys(context: Context, files: list[str]) -> Iterator[Key]:
    """The keys of the keysets that can be opened here."""
    from plana_secrets.rotation.keysetfile import read_keyset
    from plana_secrets.secretfiles.open import read_document_of

    for file in files:
        with contextlib.suppress(PlanaSecretsError):
            yield from read_keyset(read_document_of(context.workspace, file), file).keys


ADVICE: Final = {
    "revoked-value": "set a new value with `plana-secrets set {file} {path}`",
}
