"""Values that a rotation revoked, and that must not be in force again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.rotation.history import KeysetHistory
from plana_secrets.rotation.keyset import Key, Status
from plana_secrets.rotation.keysetfile import file_of, read_keyset
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.workspace import Workspace


class RevokedValues:
    """Those of the keysets ``names``; their files and history are read when first asked for.

    ``warn``: told once where older ones cannot be known.
    """

    def __init__(
        self, workspace: Workspace, names: Sequence[str], warn: Callable[[str], None]
    ) -> None:
        self._workspace = workspace
        folder = workspace.settings.keysets
        self._files = [file_of(folder, name) for name in names]
        self._warn = warn

    def __call__(self, value: Secret) -> bool:
        """Whether ``value`` is that of a disabled or a destroyed key."""
        if not self._files:
            return False
        return self._history.is_destroyed(value) or value in self._disabled

    @cached_property
    def _history(self) -> KeysetHistory:
        history = KeysetHistory(self._workspace.repository, self._files)
        if history.gap is not None:
            self._warn(f"this is {history.gap}: older revoked keys are not known")
        return history

    @cached_property
    def _disabled(self) -> list[Secret | None]:
        return [key.value for key in self._keys() if key.status is Status.DISABLED]

    def _keys(self) -> Iterator[Key]:
        """The keys of the keysets that can be opened here."""
        for file in self._files:
            with contextlib.suppress(PlanaSecretsError):
                yield from read_keyset(read_document_of(self._workspace, file), file).keys
