"""Which leaves the keysets own, by the configuration alone. Pure, and quick to load.

A *target* is a leaf of a secret file that a keyset owns. Keysets may share an accepted
list of one format; every other place belongs to one keyset, in one role.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.references import SecretReference
from plana_secrets.rotation.policy import Claim, KeysetPolicy

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
    return tuple(claim.place for claim in policy.claims())


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
    owners: dict[SecretReference, list[tuple[KeysetPolicy, Claim]]] = {}
    for policy in _by_name(policies):
        for claim in policy.claims():
            earlier = owners.setdefault(claim.place, [])
            for other, theirs in earlier:
                if not _together(policy, claim, other, theirs):
                    return Conflict(claim.place, policy.name, claim.field, other.name)
            earlier.append((policy, claim))
    return None


def _together(one: KeysetPolicy, claim: Claim, other: KeysetPolicy, theirs: Claim) -> bool:
    """Whether two keysets render a place as one: a list that holds the entries of both."""
    is_same = (one.kind, claim.use) == (other.kind, theirs.use)
    return is_same and claim.is_shared and one.name != other.name


def _by_name(policies: Iterable[KeysetPolicy]) -> list[KeysetPolicy]:
    return sorted(policies, key=lambda one: one.name)
