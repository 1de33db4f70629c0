"""``[mirror.local]``: a mirror in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from plana_secrets import limits
from plana_secrets.errors import FailedError, MissingFileError, UsageError
from plana_secrets.fields.reading import Fields, list_of
from plana_secrets.fields.values import optional, recipient, written_file
from plana_secrets.mirror.settings import BackendSettings
from plana_secrets.storage import path_below, read_regular_file

if TYPE_CHECKING:
    from plana_secrets.mirror.backend import Backend
    from plana_secrets.mirror.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings(BackendSettings):
    """``path`` relative to the repository; empty: the user's state folder, outside git.

    ``recipients``: who can open the mirror, in their canonical spelling; none: the own
    identities.
    """

    name: ClassVar[str] = "local"
    KEEPS_STATE: ClassVar[bool] = True
    FIELDS: ClassVar[Fields] = {
        "path": optional(written_file),
        "recipients": list_of(recipient),
    }

    path: str = ""
    recipients: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        return self.recipients

    def path_in(self, surroundings: Surroundings) -> Path:
        """Where the mirror is.

        Raises:
            FailedError: the configured path leads through a symlink (kind ``symlink``).
        """
        if not self.path:
            return surroundings.repository_folder / "mirror.json.age"
        root = surroundings.repository.root
        path = Path(os.path.normpath(root / self.path))
        is_inside = path.is_relative_to(root)
        return path_below(root, path.relative_to(root).as_posix()) if is_inside else path

    def open(self, surroundings: Surroundings) -> Backend:
        from plana_secrets.mirror.backends.local.backend import LocalBackend

        path = self.path_in(surroundings)
        mark = sha256(bytes(path)).hexdigest()[:12]
        return LocalBackend(
            path=path,
            lock=surroundings.state_folder / "locks" / f"mirror-{mark}",
            recipients=self.recipients,
            find_identities=surroundings.find_identities,
            patience=surroundings.patience,
        )

    def describe(self, surroundings: Surroundings) -> str:
        return f"local, in {self.path_in(surroundings)}"

    def own_files(self, surroundings: Surroundings) -> Iterator[Path]:
        yield self.path_in(surroundings)

    def find_damage(self, surroundings: Surroundings) -> str | None:
        from plana_secrets.age.identities import is_age_file

        try:
            path = self.path_in(surroundings)
            content = read_regular_file(path, limit=limits.MIRROR_FILE)
        except MissingFileError:
            return None
        except FailedError as error:
            return error.message
        return None if is_age_file(content) else f"the mirror {path} is damaged"

    def check_place(self, surroundings: Surroundings) -> None:
        """A mirror that is there was started by the person: it opens with their identity."""
        if not self.path:
            return
        path = self.path_in(surroundings)
        if not (path.is_relative_to(surroundings.repository.root) or os.path.lexists(path)):
            raise UsageError(
                f"a new mirror would be written outside the repository, to {path}",
                kind="needs-confirm",
                file=str(path),
            )
