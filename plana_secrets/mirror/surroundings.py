"""Where a backend is opened: the repository, the machine, the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.errors import FailedError
from plana_secrets.git.repository import Repository
from plana_secrets.locks import NO_PATIENCE, Patience
from plana_secrets.observability import Observer, silent
from plana_secrets.places import user_state_folder
from plana_secrets.storage import make_folder, rename_folder


def make_state_folder(folder: Path) -> None:
    """Create a folder in the state folder, or one that a mirror is kept in.

    Raises:
        FailedError: it cannot be created (kind ``state-unwritable``).
    """
    try:
        make_folder(folder, mode=0o700)
    except FailedError as error:
        facts = {"file": str(folder)}
        raise FailedError(error.message, kind="state-unwritable", retry=None, **facts) from None


@dataclass(frozen=True)
class Surroundings:
    """What a backend may need besides its settings. ``owner``: the id of the repository.

    ``as_owner``: the person acts as an owner of the organization, who sees every item.
    """

    repository: Repository
    environment: Mapping[str, str]
    home: Path | None
    find_identities: Callable[[], Identities]
    observer: Observer = silent
    patience: Patience = NO_PATIENCE
    owner: str | None = None
    as_owner: bool = False

    @property
    def state_folder(self) -> Path:
        return user_state_folder(self.environment, self.home)

    @property
    def repository_folder(self) -> Path:
        """The part of the state folder that belongs to this repository and its clones.

        Before the settings had an id, it belonged to the folder of one clone: what is there
        counts until ``take_over`` has moved it.
        """
        known = self._folder_of_id
        if known is None or (not known.exists() and self._folder_of_clone.exists()):
            return self._folder_of_clone
        return known

    def take_over(self) -> None:
        """Let what was kept for this clone belong to the repository, if that has nothing yet.

        Raises:
            FailedError: it cannot be moved (kind ``unwritable-file``).
        """
        if (known := self._folder_of_id) is None or self.repository_folder == known:
            return
        try:
            rename_folder(self._folder_of_clone, known)
        except FailedError:
            if not known.exists():  # another run was quicker
                raise

    @property
    def _folder_of_id(self) -> Path | None:
        if self.owner is None:
            return None
        mark = sha256(self.owner.encode()).hexdigest()[:16]
        return self.state_folder / f"repository-{mark}"

    @property
    def _folder_of_clone(self) -> Path:
        place = self.repository.common_dir
        mark = sha256(bytes(place)).hexdigest()[:12]
        return self.state_folder / f"{place.parent.name}-{mark}"


ADVICE: Final = {
    "state-unwritable": "set XDG_STATE_HOME to a folder of this user; in a pod, to a volume",
}
