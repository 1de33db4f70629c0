"""Which backend the configuration names; nothing is sent to it yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backend import Backend
from plana_secrets.mirror.owner import OwnItems
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.mirror.surroundings import Surroundings


def open_backend(settings: MirrorSettings, surroundings: Surroundings) -> Backend:
    """The backend that is configured; nothing is read or asked yet.

    Raises:
        UsageError: none is configured (kind ``no-mirror``).
    """
    if settings.chosen is None:
        raise no_mirror()
    return OwnItems(settings.chosen.open(surroundings), surroundings.owner)


def no_mirror() -> UsageError:
    """The settings name none."""
    return UsageError("no mirror is configured", kind="no-mirror")


def never_mirrored(settings: MirrorSettings, surroundings: Surroundings) -> frozenset[str]:
    """Files that are never copied: credentials, and the mirror itself."""
    from plana_secrets.mirror.backends import BACKENDS

    variables = filter(None, (backend.CREDENTIALS_VARIABLE for backend in BACKENDS.values()))
    named = filter(None, map(surroundings.environment.get, variables))
    paths = [Path(file) for file in named]
    for backend in settings.backends.values():
        paths += backend.own_files(surroundings)
    root = surroundings.repository.root.resolve()
    resolved = [Path(os.path.realpath(path)) for path in paths]
    return frozenset(
        path.relative_to(root).as_posix() for path in resolved if path.is_relative_to(root)
    )


ADVICE: Final = {
    "no-mirror": (
        "`plana-secrets mirror init vaultwarden --url URL`, or set [mirror] backend to "
        '"local" in plana-secrets.toml'
    ),
}
