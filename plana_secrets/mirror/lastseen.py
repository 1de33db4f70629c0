"""How much drift the mirror had when it was last looked at; for those who ask no server."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.state import shared_state_folder
from plana_secrets.storage import make_folder, read_regular_file, replace_file

_SCHEMA: Final = "plana-secrets/mirror-seen/1"
_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class LastSeen:
    """``drift``: how many differences. ``commit``: what the mirror was compared with."""

    backend: str
    drift: int
    commit: str | None
    at: datetime


def remember(repository: Repository, seen: LastSeen) -> None:
    """Keep it for ``recall``; where nothing can be written, nothing is known, that is all."""
    facts = {"schema": _SCHEMA, **asdict(seen), "at": seen.at.astimezone(UTC).isoformat()}
    with contextlib.suppress(FailedError):
        path = _path_of(repository, seen.backend)
        make_folder(path.parent, mode=0o700)
        replace_file(path, json.dumps(facts).encode(), mode=0o600)


def recall(repository: Repository, backend: str) -> LastSeen | None:
    """What was seen last; None where nothing was, or what is there is not ours."""
    try:
        facts = json.loads(read_regular_file(_path_of(repository, backend), limit=_LIMIT))
        if facts["schema"] != _SCHEMA:
            return None
        commit, drift = facts["commit"], facts["drift"]
        if not isinstance(drift, int) or not isinstance(commit, str | None):
            return None
        at = datetime.fromisoformat(facts["at"]).astimezone(UTC)
        return LastSeen(backend, drift, commit, at)
    except (FailedError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _path_of(repository: Repository, backend: str) -> Path:
    return shared_state_folder(repository) / f"mirror-seen-{backend}.json"
