"""Which backend the configuration names; nothing is sent to it yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.errors import UsageError
from plana_secrets.git.repository import Repository
from plana_secrets.locks import NO_PATIENCE, Patience
from plana_secrets.mirror.backend import Backend
from plana_secrets.mirror.settings import LocalSettings, MirrorSettings, VaultwardenSettings
from plana_secrets.observability import Observer, silent
from plana_secrets.places import user_state_folder
from plana_secrets.storage import path_below


@dataclass(frozen=True)
class Surroundings:
    """What a backend may need besides its settings."""

    repository: Repository
    environment: Mapping[str, str]
    home: Path | None
    find_identities: Callable[[], Identities]
    observer: Observer = silent
    patience: Patience = NO_PATIENCE

    @property
    def state_folder(self) -> Path:
        return user_state_folder(self.environment, self.home)

    @property
    def repository_folder(self) -> Path:
        """The part of the state folder that belongs to this repository and its work trees."""
        place = self.repository.common_dir
        mark = sha256(bytes(place)).hexdigest()[:12]
        return self.state_folder / f"{place.parent.name}-{mark}"


def open_backend(settings: MirrorSettings, surroundings: Surroundings) -> Backend:
    """The backend that is configured; nothing is read or asked yet.

    Raises:
        UsageError: none is configured (kind ``no-mirror``).
    """
    if settings.backend == "local":
        return _open_local(settings.local, surroundings)
    if settings.backend == "vaultwarden" and settings.vaultwarden is not None:
        return _open_vaultwarden(settings.vaultwarden, surroundings)
    raise UsageError("no mirror is configured", kind="no-mirror")


def local_path(settings: LocalSettings, surroundings: Surroundings) -> Path:
    """Where the local mirror is.

    Raises:
        FailedError: the configured path leads through a symlink (kind ``symlink``).
    """
    if settings.path:
        root = surroundings.repository.root
        path = Path(os.path.normpath(root / settings.path))
        is_inside = path.is_relative_to(root)
        return path_below(root, path.relative_to(root).as_posix()) if is_inside else path
    return surroundings.repository_folder / "mirror.json.age"


def check_place(settings: MirrorSettings, surroundings: Surroundings) -> None:
    """Stop before a local mirror would be started at a place that only a checkout names.

    One that is there was started by the person: it opens with one of their identities.

    Raises:
        UsageError: the file is outside the repository and not there (kind ``needs-confirm``).
    """
    if settings.backend != "local" or not settings.local.path:
        return
    path = local_path(settings.local, surroundings)
    if not (path.is_relative_to(surroundings.repository.root) or os.path.lexists(path)):
        raise UsageError(
            f"a new mirror would be written outside the repository, to {path}",
            kind="needs-confirm",
            file=str(path),
        )


def never_mirrored(settings: MirrorSettings, surroundings: Surroundings) -> frozenset[str]:
    """Files that are never copied: credentials, and the mirror itself."""
    from plana_secrets.mirror.backends.vaultwarden.credentials import CREDENTIALS_VARIABLE

    root = surroundings.repository.root
    paths = []
    if settings.backend == "local":
        paths.append(local_path(settings.local, surroundings))
    if settings.vaultwarden is not None and settings.vaultwarden.credentials:
        paths.append(root / settings.vaultwarden.credentials)
    if surroundings.environment.get(CREDENTIALS_VARIABLE):
        paths.append(Path(surroundings.environment[CREDENTIALS_VARIABLE]))
    resolved = [Path(os.path.realpath(path)) for path in paths]
    return frozenset(
        path.relative_to(root.resolve()).as_posix()
        for path in resolved
        if path.is_relative_to(root.resolve())
    )


def _open_local(settings: LocalSettings, surroundings: Surroundings) -> Backend:
    from plana_secrets.mirror.backends.local import LocalBackend

    path = local_path(settings, surroundings)
    mark = sha256(bytes(path)).hexdigest()[:12]
    return LocalBackend(
        path=path,
        lock=surroundings.state_folder / "locks" / f"mirror-{mark}",
        recipients=settings.recipients,
        find_identities=surroundings.find_identities,
        patience=surroundings.patience,
    )


def _open_vaultwarden(settings: VaultwardenSettings, surroundings: Surroundings) -> Backend:
    from plana_secrets.mirror.backends.vaultwarden.connect import open_backend as open_vaultwarden

    return open_vaultwarden(
        settings,
        root=surroundings.repository.root,
        state_folder=surroundings.state_folder,
        environment=surroundings.environment,
        find_identities=surroundings.find_identities,
        observer=surroundings.observer,
    )


ADVICE: Final = {
    "no-mirror": (
        "`plana-secrets mirror init vaultwarden --url URL`, or set [mirror] backend to "
        '"local" in plana-secrets.toml'
    ),
}
