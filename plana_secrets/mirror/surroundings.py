"""Where a backend is opened: the repository, the machine, the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from plana_secrets.age.identities import Identities
from plana_secrets.git.repository import Repository
from plana_secrets.locks import NO_PATIENCE, Patience
from plana_secrets.observability import Observer, silent
from plana_secrets.places import user_state_folder


@dataclass(frozen=True)
class Surroundings:
    """What a backend may need besides its settings. ``owner``: the id of the repository."""

    repository: Repository
    environment: Mapping[str, str]
    home: Path | None
    find_identities: Callable[[], Identities]
    observer: Observer = silent
    patience: Patience = NO_PATIENCE
    owner: str | None = None

    @property
    def state_folder(self) -> Path:
        return user_state_folder(self.environment, self.home)

    @property
    def repository_folder(self) -> Path:
        """The part of the state folder that belongs to this repository and its work trees."""
        place = self.repository.common_dir
        mark = sha256(bytes(place)).hexdigest()[:12]
        return self.state_folder / f"{place.parent.name}-{mark}"
