"""Drift between files and mirror, as findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from plana_secrets.mirror.drift import Drift, DriftKind
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_MILDER: Final = frozenset({DriftKind.UNSUPPORTED, DriftKind.UNKNOWN})
"""What is not a change: a value that the mirror cannot hold, a file that we cannot read."""

_WORDS: Final = {
    DriftKind.MISSING: "is not in the mirror",
    DriftKind.STALE: "the mirror shows an older state",
    DriftKind.EXTRA: "is in the mirror, but the file is gone",
    DriftKind.HAND_EDITED: "was edited in the mirror",
    DriftKind.TRASHED: "is in the mirror's trash",
    DriftKind.MOVED: "is in another collection of the mirror",
    DriftKind.RETYPED: "has another item type in the mirror",
    DriftKind.DUPLICATE: "is in the mirror more than once",
    DriftKind.UNDECRYPTABLE: "cannot be decrypted in the mirror",
    DriftKind.UNSUPPORTED: "cannot be stored in the mirror",
    DriftKind.UNKNOWN: "could not be compared with the mirror",
    DriftKind.RENAMED: "has another name in the mirror",
    DriftKind.ATTACHED: "has a file attached by hand in the mirror",
    DriftKind.ALTERED: "shows or keeps more in the mirror than was written",
    DriftKind.WITHDRAWN: "is in the mirror, but the settings no longer put it there",
}


class Compared(NamedTuple):
    """What one mirror says. ``unknown``: files of which it says nothing here, so that nothing
    was compared: they could not be read, or their collection is not seen.
    """

    findings: Sequence[Finding] = ()
    unknown: Collection[str] = ()


def compared(
    drift: Iterable[Drift], unmapped: Iterable[str] = (), name: str | None = None
) -> Compared:
    """The findings for drift and for files that have no place in the mirror."""
    seen = tuple(drift)
    unknown = {one.file for one in seen if one.kind is DriftKind.UNKNOWN and one.file}
    return Compared([*check_drift(seen, name), *check_unmapped(unmapped, name)], unknown)


def check_drift(drift: Iterable[Drift], name: str | None = None) -> Iterator[Finding]:
    """One finding a leaf, where the drift names leaves; else one a file.

    ``name``: of the mirror, where there are several.
    """
    for one in drift:
        severity = Severity.WARNING if one.kind in _MILDER else Severity.ERROR
        words = _WORDS[one.kind]
        if name:
            words = words.replace("the mirror", f"the mirror {name}")
        message = f"{one.kind}: {words}"
        if one.reason and one.kind in _MILDER:
            message = f"{message}: {one.reason}"
        if one.file is None and one.item is not None:
            message = f"{message}: {one.item}"
        for path in one.paths or (None,):
            yield found("mirror-drift", message, file=one.file, path=path, severity=severity)


def check_unmapped(files: Iterable[str], name: str | None = None) -> Iterator[Finding]:
    """One finding for each file for which the mirror has no place."""
    where = f"the mirror {name}" if name else "the mirror"
    for file in files:
        yield found(
            "mirror-drift",
            f"unmapped: the settings give it no place in {where}, and do not exclude it",
            file=file,
            severity=Severity.WARNING,
        )
