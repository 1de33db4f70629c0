"""What services read, rendered from keysets into targets. Pure.

A *target* is a leaf of a secret file that a keyset owns: the accepted list of a
provider, the one value of a caller, the JSON keyset of JWT services, the raw text of a
service not yet migrated. Keysets that name the same accepted place render their union,
in the order of their names; entries that no keyset owns are kept and counted.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.document.manifest import decode_data
from plana_secrets.document.references import SecretReference
from plana_secrets.errors import MalformedError
from plana_secrets.rotation.inforce import recorded_retire_wait
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.kinds import api_key, jwt_hs256
from plana_secrets.rotation.policy import ApiKeyPolicy, JwtPolicy, KeysetPolicy
from plana_secrets.rotation.targets import slots_of
from plana_secrets.secret import Secret

Current = Callable[[SecretReference], Secret | None]
"""The text that is at a target now (decoded where the leaf is base64), or None."""

IsBase64 = Callable[[SecretReference], bool]
"""Whether the leaf holds base64: the ``data`` of a Kubernetes Secret does."""


@dataclass(frozen=True, slots=True)
class RenderedLeaf:
    """What has to be at ``reference``: the leaf's value as the file holds it.

    ``value`` None: the leaf must not be there (a slot that no key is in).
    ``foreign``: entries in the place that no keyset owns, ``foreign_ids`` their ids.
    ``merges``: an accepted list, which keeps what was there.
    """

    reference: SecretReference
    value: Secret | None
    keysets: tuple[str, ...]
    foreign: int = 0
    foreign_ids: tuple[str, ...] = ()
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
        if isinstance(policy, JwtPolicy):
            leaves.extend(_render_jwt(policy, keyset))
        else:
            leaves.extend(_render_single_values(policy, keyset))
    for place, (form, sharing) in _shared_lists(policies, keysets).items():
        try:
            leaves.append(_render_list(place, form, sharing, current(place)))
        except MalformedError:
            if not replace_unreadable:
                raise
            leaves.append(_render_list(place, form, sharing, None))
    return tuple(_encoded(leaf) if is_base64(leaf.reference) else leaf for leaf in leaves)


def _shared_lists(
    policies: Sequence[KeysetPolicy], keysets: Mapping[str, Keyset]
) -> dict[SecretReference, tuple[str, list[Keyset]]]:
    """The accepted lists, each with its format and its keysets in the order of their names."""
    lists: dict[SecretReference, tuple[str, list[Keyset]]] = {}
    for policy in sorted(policies, key=lambda one: one.name):
        if policy.name not in keysets or isinstance(policy, JwtPolicy) or policy.format == "slots":
            continue
        for place in policy.accepted:
            lists.setdefault(place, (policy.format, []))[1].append(keysets[policy.name])
    return lists


def _render_jwt(policy: JwtPolicy, keyset: Keyset) -> Iterator[RenderedLeaf]:
    whole = jwt_hs256.render_keyset(keyset, recorded_retire_wait(keyset, policy))
    for place in policy.targets:
        yield RenderedLeaf(place, whole, (policy.name,))
    for place in policy.raw_targets:
        yield RenderedLeaf(place, jwt_hs256.render_raw(keyset), (policy.name,))


def _render_single_values(policy: ApiKeyPolicy, keyset: Keyset) -> Iterator[RenderedLeaf]:
    for place in policy.callers:
        yield RenderedLeaf(place, keyset.active.value, (policy.name,))
    if policy.format != "slots":
        return
    for place in policy.accepted:
        slots = slots_of(place)
        for status, suffix in api_key.SLOTS.items():
            key = keyset.first(status)
            yield RenderedLeaf(slots[suffix], key.value if key else None, (policy.name,))


def _render_list(
    place: SecretReference, form: str, keysets: Sequence[Keyset], present: Secret | None
) -> RenderedLeaf:
    render = api_key.render_json if form == "json" else api_key.render_csv
    names = tuple(keyset.name for keyset in keysets)
    try:
        accepted = render(keysets, present)
    except (ValueError, RecursionError):
        raise MalformedError(
            f"{place}: the current value is not a list in the format {form}",
            kind="target-unreadable",
            place=str(place),
        ) from None
    return RenderedLeaf(place, accepted.content, names, accepted.foreign, accepted.ids, merges=True)


def _encoded(leaf: RenderedLeaf) -> RenderedLeaf:
    if leaf.value is None:
        return leaf
    return replace(leaf, value=Secret(base64.b64encode(leaf.value.reveal())))


def decode_base64(value: Secret, place: SecretReference) -> Secret:
    """The bytes that a leaf of ``data`` means.

    Raises:
        MalformedError: it is not base64 (kind ``target-unreadable``).
    """
    decoded = decode_data(value)
    if decoded is None:
        raise MalformedError(
            f"{place}: data must be base64", kind="target-unreadable", place=str(place)
        )
    return decoded


ADVICE: Final = {
    "target-unreadable": "overwrite it with `plana-secrets rotate init NAME --replace`",
}
