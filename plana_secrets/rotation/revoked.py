"""Values that a rotation revoked, and that must not be in force again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from plana_secrets.document.manifest import decode_data
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.rotation.copies import generated_in, holds
from plana_secrets.rotation.history import KeysetHistory
from plana_secrets.rotation.keyset import Keyset, Status
from plana_secrets.rotation.keysetfile import file_of, read_keyset
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
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
        """Whether ``value`` is that of a disabled or a destroyed key, or has it in a list."""
        if not self._files:
            return False
        content = value.reveal()
        decoded = decode_data(value)
        return self._is_in(content) or (decoded is not None and self._is_in(decoded.reveal()))

    def _is_in(self, content: bytes) -> bool:
        if any(holds(content, spelling) for spelling in self._disabled):
            return True
        words = (Secret(content), *generated_in(content))
        return any(map(self._history.is_destroyed, words))

    @cached_property
    def _history(self) -> KeysetHistory:
        history = KeysetHistory(self._workspace.repository, self._files)
        if history.gap is not None:
            self._warn(f"this is {history.gap}: older revoked keys are not known")
        return history

    @cached_property
    def _disabled(self) -> list[bytes]:
        """In every spelling; a secret that another keyset has in use is none."""
        disabled: dict[bytes, set[str]] = {}
        live: dict[bytes, set[str]] = {}
        for keyset in self._keysets():
            for key in keyset.keys:
                if key.value is not None:
                    found = disabled if key.status is Status.DISABLED else live
                    for spelling in KINDS[keyset.kind].spellings(key.value):
                        found.setdefault(spelling, set()).add(keyset.name)
        return [one for one, names in disabled.items() if live.get(one, set()) <= names]

    def _keysets(self) -> Iterator[Keyset]:
        """Those that can be opened here, as they are on the disk and in HEAD: a merge that is open
        may have undone a move on the disk.
        """
        head = self._workspace.repository.head()
        committed = self._workspace.repository.read_blobs(head, self._files) if head else {}
        for file in self._files:
            versions = [committed.get(file)]
            with contextlib.suppress(PlanaSecretsError):
                versions.insert(0, read_bytes_of(self._workspace, file))
            for data in filter(None, dict.fromkeys(versions)):
                with contextlib.suppress(PlanaSecretsError):
                    yield read_keyset(open_bytes(data, file, self._workspace.identities), file)
