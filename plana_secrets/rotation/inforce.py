"""Which terms hold for a keyset now, and which are recorded with a move. Pure.

Settings may change while a rotation is open. Until it ends they can lengthen it, never
shorten it: what was signed, read or handed out under the old ones is still there. How
long what a key was used for lives on is recorded by key, for it outlasts the rotation
in which the key came into use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from plana_secrets.rotation.keyset import (
    IN_USE,
    RELOAD,
    Conditions,
    Keyset,
    Status,
)
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.targets import targets_of
from plana_secrets.rotation.terms import Terms, lengthen


@dataclass(frozen=True, slots=True)
class Left:
    """Places outside of the settings that still hold something of a keyset, ``file#path``.

    ``removed``: they were targets; ``adopted``: the first value comes from there.
    """

    removed: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()


NOTHING_LEFT: Final = Left()


def terms_of(policy: KeysetPolicy) -> Terms:
    """The terms as the settings have them."""
    return Terms(
        tuple((name, getattr(policy, name)) for name in policy.WAITS),
        policy.reload,
        awaits=tuple(sorted(set(policy.awaited))),
        readers=tuple(sorted({str(place) for place in targets_of(policy)})),
    )


def is_open(keyset: Keyset) -> bool:
    """Whether a key waits to be promoted, retired or destroyed."""
    waiting = {Status.STANDBY, Status.RETIRING, Status.DISABLED}
    return any(key.status in waiting for key in keyset.keys)


def terms_in_force(keyset: Keyset, policy: KeysetPolicy) -> Terms:
    """The terms of the settings, as far as a rotation that is open does not ask for more."""
    configured = terms_of(policy)
    if keyset.terms is None or not is_open(keyset):
        return configured
    return lengthen(keyset.terms, configured)


def conditions_of(
    keyset: Keyset,
    policy: KeysetPolicy,
    left: Left = NOTHING_LEFT,
    *,
    accepts_outage: bool = False,
) -> Conditions:
    """What is demanded of the moves of ``keyset``.

    ``accepts_outage``: only what the settings ask for as they are now.
    """
    if accepts_outage:
        terms = terms_of(policy)
        tail = terms.wait(policy.LIFETIME)
    else:
        terms = terms_in_force(keyset, policy)
        tail = max(terms.wait(policy.LIFETIME), _lifetime_of_retiring(keyset))
    by_hand = (RELOAD,) if terms.reload == "manual" else ()
    rollout = terms.wait("rollout")
    return Conditions(
        promote=rollout,
        retire=rollout + tail + terms.wait("skew"),
        destroy=rollout + terms.wait("cache") + terms.wait("grace"),
        single_readers=tuple(map(str, policy.single_readers)),
        awaited=terms.awaits + by_hand,
        adopted=left.adopted,
        removed=left.removed,
        accepts_outage=accepts_outage,
    )


def _lifetime_of_retiring(keyset: Keyset) -> timedelta:
    retiring = keyset.first(Status.RETIRING)
    if retiring is None or keyset.terms is None:
        return timedelta(0)
    return dict(keyset.terms.lifetimes).get(retiring.kid, timedelta(0))


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait by the name of its setting: what counts now, and what the settings say."""

    name: str
    in_force: timedelta
    configured: timedelta


def waits_of(keyset: Keyset, policy: KeysetPolicy) -> tuple[Wait, ...]:
    """Every wait of a keyset, in the order of the settings."""
    terms = terms_in_force(keyset, policy)
    tails = {policy.LIFETIME: _lifetime_of_retiring(keyset)}
    return tuple(
        Wait(name, max(terms.wait(name), tails.get(name, timedelta(0))), time)
        for name, time in terms_of(policy).waits
    )


def recorded_retire_wait(keyset: Keyset, policy: KeysetPolicy) -> timedelta:
    """The wait before retire as the keyset file has it: what is rendered changes by moves only."""
    terms = keyset.terms or terms_of(policy)
    tail = max(terms.wait(policy.LIFETIME), _lifetime_of_retiring(keyset))
    return terms.wait("rollout") + tail + terms.wait("skew")


def record_terms(
    before: Keyset | None, after: Keyset, policy: KeysetPolicy, left: Left = NOTHING_LEFT
) -> Keyset:
    """``after`` with the terms that are recorded with the move that led to it."""
    configured = terms_of(policy)
    begins = before is None or before.rotation_id != after.rotation_id
    terms = configured
    if before is not None and not begins and is_open(after):
        terms = terms_in_force(before, policy)
    terms = replace(
        terms,
        readers=tuple(sorted({*configured.readers, *left.removed})),
        adopted=tuple(sorted(left.adopted)),
        lifetimes=_lifetimes(before, after, configured.wait(policy.LIFETIME)),
    )
    return replace(after, terms=terms)


def _lifetimes(
    before: Keyset | None, after: Keyset, configured: timedelta
) -> tuple[tuple[str, timedelta], ...]:
    """By key, the longest that was configured at any move while the key was in use."""
    recorded = dict(before.terms.lifetimes) if before and before.terms else {}
    used = {key.kid for key in (before.keys if before else ()) if key.status in IN_USE}
    used |= {key.kid for key in after.keys if key.status in IN_USE}
    return tuple(
        sorted(
            (kid, max(recorded.get(kid, configured), configured if kid in used else timedelta(0)))
            for kid in (key.kid for key in after.keys if key.status is not Status.DESTROYED)
        )
    )
