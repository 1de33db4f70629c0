"""Values of the past compared with those of today, where an identity here opens both.

Nothing that comes out has a value in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from plana_secrets.offboarding.past import FilePast, Past
from plana_secrets.rotation.keysetfile import name_of
from plana_secrets.secretfiles.ciphertexts import Openers, Version, Versions, open_ciphertext
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.reading.crypto import Opener

Place = tuple[str, str]
"""File and path."""

_TEXT: Final = b",type:str]"
"""How the ciphertext of a text ends. Numbers and flags are equal by chance."""


class Values:
    """``today``: the commit at HEAD."""

    def __init__(self, today: Snapshot, past: Past) -> None:
        self._today = today
        self._past = past
        self._openers = Openers(today.workspace.identities)

    def is_among(self, file: FilePast, path: str) -> bool | None:
        """Whether the value of today is one that was readable at ``path``; None: unknown."""
        if file.now is None or path not in file.now.values:
            return None
        today = self._open(file.now, path)
        past = [self._open(one, path) for one in _each(file, path)]
        if today is None or None in past:
            return True if today is not None and today in past else None
        return today in past

    def still_at(self, file: FilePast, path: str) -> list[Place]:
        """Where else a text that was readable at ``path`` is today, as far as that can be opened.
        A place that is listed with this value itself is left out."""
        texts = {
            self._open(one, path) for one in _each(file, path) if one.values[path].endswith(_TEXT)
        }
        here = (file.today or file.name, path)
        found = (place for text in texts if text for place in self._elsewhere.get(text, ()))
        return sorted({place for place in found if place != here})

    @cached_property
    def _elsewhere(self) -> dict[bytes, list[Place]]:
        """Value -> where it is at HEAD. Keyset files are left out: what services read of them is
        in their targets."""
        own = {one.name: one for one in self._past.files if one.name == one.today}
        folder, reader = self._today.workspace.settings.keysets, Versions()
        found: dict[bytes, list[Place]] = {}
        for name, content in self._today.contents(self._past.encrypted):
            if not isinstance(content, bytes) or name_of(folder, name) is not None:
                continue
            entry = self._today.entry(name)
            version = reader.read(entry.id if entry else "", content, format_of(name))
            for path in version.values:
                value = self._open(version, path)
                if value and not (name in own and self.is_among(own[name], path)):
                    found.setdefault(value, []).append((name, path))
        return found

    def _open(self, version: Version, path: str) -> bytes | None:
        own = self._openers.of(version)
        others = self._by_data_key.get(self._past.data_keys.group(version.blob), ())
        opened = (
            open_ciphertext(opener, version.values[path], path)
            for opener in (own, *others)
            if opener is not None
        )
        return next((one for one in opened if one is not None), None)

    @cached_property
    def _by_data_key(self) -> dict[int | str, list[Opener]]:
        """An older version may be for other identities, and still have a data key that we know."""
        found: dict[int | str, list[Opener]] = {}
        for version in _versions(self._past):
            opener = self._openers.of(version)
            known = found.setdefault(self._past.data_keys.group(version.blob), [])
            if opener is not None and opener not in known:
                known.append(opener)
        return found


def _each(file: FilePast, path: str) -> Iterator[Version]:
    """A version for each ciphertext that was readable at ``path``."""
    return iter({one.values[path]: one for one in file.readable if path in one.values}.values())


def _versions(past: Past) -> Iterator[Version]:
    for file in past.files:
        yield from file.readable
        for era in file.eras:
            yield from era.versions
