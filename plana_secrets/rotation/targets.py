"""Which leaves the keysets own, by the configuration alone. Pure, and quick to load.

A *target* is a leaf of a secret file that a keyset owns. Keysets may share an accepted
list of one format; every other place belongs to one keyset, in one role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.references import SecretReference
from plana_secrets.rotation.policy import JwtPolicy, KeysetPolicy

SLOT_SUFFIXES: Final = ("", "_NEXT", "_PREVIOUS")
"""What the last key of a path in ``slots`` is followed by: active, standby, retiring."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two claims to one place that cannot both be rendered.

    ``field`` of ``keyset`` names the later claim (``accepted[0]``), ``other`` the keyset
    with the earlier one (which may be the same).
    """

    place: SecretReference
    keyset: str
    field: str
    other: str


def rendered_references(policies: Iterable[KeysetPolicy]) -> dict[str, str]:
    """Every target, spelled ``file#path``, with the name of the keyset that owns it."""
    owners: dict[str, list[str]] = {}
    for policy in _by_name(policies):
        for reference in targets_of(policy):
            names = owners.setdefault(str(reference), [])
            if policy.name not in names:
                names.append(policy.name)
    return {reference: ", ".join(names) for reference, names in owners.items()}


def targets_of(policy: KeysetPolicy) -> tuple[SecretReference, ...]:
    """Every leaf that the keyset of ``policy`` owns, alone or with others."""
    return tuple(place for _, place, _ in _claims(policy))


def slots_of(place: SecretReference) -> dict[str, SecretReference]:
    """The places of a list in slots, by what their last key ends with.

    Raises:
        ValueError: the path ends with a list position, which has no name to add to.
    """
    last = place.path[-1]
    if isinstance(last, int):
        raise ValueError("slots need a key, not a list index")  # noqa: TRY004 - one for a caller
    return {
        suffix: SecretReference(place.file, (*place.path[:-1], last + suffix))
        for suffix in SLOT_SUFFIXES
    }


def find_conflict(policies: Sequence[KeysetPolicy]) -> Conflict | None:
    """The first place that two keysets, or two fields of one, cannot both have."""
    owners: dict[SecretReference, list[tuple[str, str]]] = {}
    for policy in _by_name(policies):
        for field, place, use in _claims(policy):
            earlier = owners.setdefault(place, [])
            for other, other_use in earlier:
                if other == policy.name or other_use != use or use not in _SHARED:
                    return Conflict(place, policy.name, field, other)
            earlier.append((policy.name, use))
    return None


_SHARED: Final = frozenset({"json", "csv"})
"""Lists in these formats hold the entries of several keysets."""


def _by_name(policies: Iterable[KeysetPolicy]) -> list[KeysetPolicy]:
    return sorted(policies, key=lambda one: one.name)


def _claims(policy: KeysetPolicy) -> Iterator[tuple[str, SecretReference, str]]:
    """Field of the configuration, place, and what is rendered there."""
    if isinstance(policy, JwtPolicy):
        yield from _listed("targets", policy.targets, "keyset")
        yield from _listed("raw_targets", policy.raw_targets, "raw")
        return
    for field, place, use in _listed("accepted", policy.accepted, policy.format):
        places = slots_of(place).values() if use == "slots" else (place,)
        yield from ((field, one, use) for one in places)
    yield from _listed("callers", policy.callers, "caller")


def _listed(
    field: str, places: Sequence[SecretReference], use: str
) -> Iterator[tuple[str, SecretReference, str]]:
    for position, place in enumerate(places):
        yield f"{field}[{position}]", place, use
