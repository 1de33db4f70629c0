"""What services read, rendered from keysets into targets. Pure.

A *target* is a leaf of a secret file that a keyset owns: the accepted list of a
provider, the one value of a caller, the JSON keyset of JWT services, the raw text of a
service not yet migrated. Keysets that name the same accepted place render their union,
in the order of their names; entries that no keyset owns are kept and counted.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.document.manifest import decode_data
from plana_secrets.document.references import SecretReference
from plana_secrets.errors import MalformedError
from plana_secrets.rotation.inforce import recorded_retire_wait
from plana_secrets.rotation.keyset import Key, Keyset
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.rotation.material import matches_fingerprint
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.secret import Secret

Current = Callable[[SecretReference], Secret | None]
"""The text that is at a target now (decoded where the leaf is base64), or None."""

IsBase64 = Callable[[SecretReference], bool]
"""Whether the leaf holds base64: the ``data`` of a Kubernetes Secret does."""


@dataclass(frozen=True, slots=True)
class RenderedLeaf:
    """What has to be at ``reference``: the leaf's value as the file holds it.

    ``value`` None: the leaf must not be there (a slot that no key is in).
    ``foreign``: entries in the place that no keyset owns.
    ``merges``: an accepted list, which keeps what was there.
    """

    reference: SecretReference
    value: Secret | None
    keysets: tuple[str, ...]
    foreign: int = 0
    merges: bool = False


def expected_leaves(
    policies: Sequence[KeysetPolicy],
    keysets: Mapping[str, Keyset],
    *,
    current: Current,
    is_base64: IsBase64,
    replace_unreadable: bool = False,
) -> tuple[RenderedLeaf, ...]:
    """What every target of the keysets that exist has to hold.

    ``replace_unreadable``: what is at an accepted place but is no list counts as
    nothing.

    Raises:
        MalformedError: what is at an accepted place is no list of the configured
            format (kind ``target-unreadable``).
    """
    leaves: list[RenderedLeaf] = []
    for policy in sorted(policies, key=lambda one: one.name):
        keyset = keysets.get(policy.name)
        if keyset is None:
            continue
        leaves += (
            RenderedLeaf(place, value, (policy.name,))
            for place, value in policy.render(keyset, recorded_retire_wait(keyset, policy))
        )
    for shared in _shared_lists(policies, keysets):
        try:
            leaves.append(_render_list(shared, current(shared.place)))
        except MalformedError:
            if not replace_unreadable:
                raise
            leaves.append(_render_list(shared, None))
    return tuple(_encoded(leaf) if is_base64(leaf.reference) else leaf for leaf in leaves)


@dataclass(frozen=True, slots=True)
class _SharedList:
    """An accepted list, and its keysets in the order of their names."""

    place: SecretReference
    use: str
    policy: KeysetPolicy
    keysets: list[Keyset]


def _shared_lists(
    policies: Sequence[KeysetPolicy], keysets: Mapping[str, Keyset]
) -> list[_SharedList]:
    lists: dict[SecretReference, _SharedList] = {}
    for policy in sorted(policies, key=lambda one: one.name):
        if policy.name not in keysets:
            continue
        for claim in policy.claims():
            if claim.is_shared:
                new = _SharedList(claim.place, claim.use, policy, [])
                lists.setdefault(claim.place, new).keysets.append(keysets[policy.name])
    return list(lists.values())


def _render_list(shared: _SharedList, present: Secret | None) -> RenderedLeaf:
    place, form = shared.place, shared.use
    names = tuple(keyset.name for keyset in shared.keysets)
    try:
        accepted = shared.policy.render_shared(form, shared.keysets, present)
    except (ValueError, RecursionError):
        raise MalformedError(
            f"{place}: the current value is not a list in the format {form}",
            kind="target-unreadable",
            place=str(place),
            name=names[0],
        ) from None
    return RenderedLeaf(place, accepted.content, names, accepted.foreign, merges=True)


def _encoded(leaf: RenderedLeaf) -> RenderedLeaf:
    if leaf.value is None:
        return leaf
    return replace(leaf, value=Secret(base64.b64encode(leaf.value.reveal())))


def holds_key(text: Secret, keyset: Keyset) -> bool:
    """Whether what services read from a place has a value of ``keyset`` in it, live or not."""
    return any(_holds(text, key, keyset.kind) for key in keyset.keys)


def _holds(text: Secret, key: Key, kind: str) -> bool:
    if key.value is None:
        return matches_fingerprint(key.fingerprint or "", text)
    return any(spelling in text.reveal() for spelling in KINDS[kind].spellings(key.value))


def decode_base64(value: Secret, place: SecretReference, name: str | None = None) -> Secret:
    """The bytes that a leaf of ``data`` means. ``name``: of a keyset that writes it.

    Raises:
        MalformedError: it is not base64 (kind ``target-unreadable``).
    """
    decoded = decode_data(value)
    if decoded is None:
        raise MalformedError(
            f"{place}: data must be base64", kind="target-unreadable", place=str(place), name=name
        )
    return decoded


ADVICE: Final = {
    "target-unreadable": "overwrite it with `plana-secrets rotate init {name} --replace`",
}
