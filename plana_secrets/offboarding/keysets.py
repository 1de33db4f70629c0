"""Whether the keys of a keyset that a leaver could read are out of use: by its moves alone."""

from __future__ import annotations

from dataclasses import dataclass

from plana_secrets.errors import MalformedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.offboarding.past import Past
from plana_secrets.rotation.keyset import IN_USE, Keyset, Status
from plana_secrets.rotation.keysetfile import file_of, read_keyset_shape
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.reading.reader import read_structure


@dataclass(frozen=True, slots=True)
class Retired:
    """``done``: no service accepts a key that was readable. ``why``: in a few words."""

    done: bool
    why: str


class KeysetPast:
    """The keysets of ``today``, the commit at HEAD, and which keys they had when."""

    def __init__(self, today: Snapshot, past: Past, folder: str) -> None:
        self._today = today
        self._past = past
        self._folder = folder
        self._now: dict[str, Keyset | None] = {}

    def look(self, name: str, since: int) -> Retired | None:
        """Of the keys that ``name`` had when a value came that the leaver could read, ``since``
        commits ago; None where its file does not say."""
        today, then = self._read(name), self._then(name, since)
        if today is None or then is None:
            return None
        statuses = {key.kid: key.status for key in today.keys}
        known = [key.kid for key in then.keys if key.status in IN_USE]
        left = [kid for kid in known if statuses.get(kid, Status.ACTIVE) in IN_USE]
        if left:
            return Retired(False, f"key {left[0]} is {statuses.get(left[0], 'missing')}")
        return Retired(True, f"out of use: {', '.join(known)}" if known else "no key was in use")

    def look_at_key(self, name: str, kid: str) -> Retired | None:
        """Of one key; None where the file of today does not say."""
        today = self._read(name)
        found = next((key for key in today.keys if key.kid == kid), None) if today else None
        if found is None:
            return None
        return Retired(found.status not in IN_USE, f"key {kid} is {found.status}")

    def _read(self, name: str) -> Keyset | None:
        if name not in self._now:
            file = file_of(self._folder, name)
            content = dict(self._today.contents([file])).get(file)
            self._now[name] = _keyset(content, file)
        return self._now[name]

    def _then(self, name: str, since: int) -> Keyset | None:
        """The keyset as it was after that commit."""
        file = file_of(self._folder, name)
        places = sorted(
            (at, blob)
            for (one, blob), at in self._past.order.items()
            if one == file and at >= since
        )
        if not places:
            return None
        git = self._today.workspace.repository.command
        (_, content), *_ = iterate_contents(git, [places[0][1]])
        return _keyset(content, file)


def _keyset(content: object, file: str) -> Keyset | None:
    if not isinstance(content, bytes):
        return None
    try:
        return read_keyset_shape(read_structure(content), file)
    except MalformedError:
        return None
