"""Whether a value is another one since a person could last read it. Pure.

sops keeps the ciphertext of a value that does not change, as long as the data key stays. So a
ciphertext that differs between two versions under one data key is another value. A new data key
changes every ciphertext and proves nothing: there the value counts as carried over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from plana_secrets.secretfiles.ciphertexts import Version

Verdict = Literal["open", "rotated", "gone"]


@dataclass(frozen=True, slots=True)
class Era:
    """The versions of a file under one data key, newest first."""

    versions: tuple[Version, ...]

    def ciphertexts(self, path: str) -> set[bytes]:
        """All that were at ``path``."""
        return {one.values[path] for one in self.versions if path in one.values}


def split_eras(versions: Sequence[Version]) -> list[Era]:
    """The versions of one file (newest first) by their data keys, the newest one first."""
    eras: list[tuple[set[bytes], list[Version]]] = []
    for version in versions:
        linked = [era for era in eras if not era[0].isdisjoint(version.links)]
        target = linked[0] if linked else (set(), [])
        if not linked:
            eras.append(target)
        for other in linked[1:]:
            target[0].update(other[0])
            target[1].extend(other[1])
            eras.remove(other)
        target[0].update(version.links)
        target[1].append(version)
    order = {id(version): place for place, version in enumerate(versions)}
    return [Era(tuple(sorted(members, key=lambda one: order[id(one)]))) for _, members in eras]


def judge(eras: Sequence[Era], path: str, known: Collection[bytes]) -> Verdict:
    """Of the value that is at ``path`` in the newest version; ``known``: the ciphertexts that
    the person could read."""
    if not eras or path not in eras[0].versions[0].values:
        return "gone"
    for era in eras:
        now = era.versions[0].values.get(path)
        if now is None or now in known:
            return "open"
        before = era.versions[-1].values.get(path)
        if before != now or not era.ciphertexts(path).isdisjoint(known):
            return "rotated"
    return "open"
