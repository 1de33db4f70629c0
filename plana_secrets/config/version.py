"""``required_version``: which releases of this tool may work in a repository."""

from __future__ import annotations

import re
from typing import Final

from plana_secrets import __version__
from plana_secrets.errors import UsageError
from plana_secrets.fields.place import Place
from plana_secrets.secretfiles.settings import SETTINGS_FILE

_LONGEST: Final = 200
_NUMBERS: Final = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}"
_RELEASE: Final = re.compile(_NUMBERS)
_BOUND: Final = re.compile(rf"(>=|<=|>|<)\s*({_NUMBERS})")


def check_version(bounds: object, place: Place, ours: str = __version__) -> None:
    """
    Raises:
        UsageError: another version is asked for (kind ``version``), or these are no bounds
            of a version (kind ``bad-config``).
    """
    if not isinstance(bounds, str) or not bounds.strip() or len(bounds) > _LONGEST:
        raise _not_bounds(place)
    if not _holds(bounds, ours, place):
        raise UsageError(
            f"{SETTINGS_FILE} requires version {bounds.strip()}, this is {ours}",
            kind="version",
            required=bounds.strip(),
            file=SETTINGS_FILE,
            place=place.text,
        )


def _holds(bounds: str, ours: str, place: Place) -> bool:
    """The everyday bounds are compared at once: ``packaging`` takes a fifth of the start-up."""
    matches = [_BOUND.fullmatch(part.strip()) for part in bounds.split(",")]
    if _RELEASE.fullmatch(ours) and all(matches):
        return all(_compare(ours, match.group(1), match.group(2)) for match in matches if match)
    from packaging.specifiers import SpecifierSet

    try:
        return SpecifierSet(bounds).contains(ours, prereleases=True)
    except ValueError:
        raise _not_bounds(place) from None


def _compare(ours: str, operator: str, theirs: str) -> bool:
    left, right = _numbers(ours), _numbers(theirs)
    if operator[0] == ">":
        return left > right or (operator == ">=" and left == right)
    return left < right or (operator == "<=" and left == right)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    return (*numbers, 0, 0, 0, 0)[:4]


def _not_bounds(place: Place) -> UsageError:
    return place.fault('expected a version range like ">=0.1, <2"')


ADVICE: Final = {
    "version": "install a release that matches {required}",
}
