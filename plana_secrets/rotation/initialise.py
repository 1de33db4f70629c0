"""The first version of a keyset, and its targets rendered where there are none yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.references import SecretReference
from plana_secrets.errors import FailedError, UsageError
from plana_secrets.fields.durations import format_duration
from plana_secrets.rotation.dating import reopen
from plana_secrets.rotation.delivery import Moved, begin, land
from plana_secrets.rotation.ground import Rotation
from plana_secrets.rotation.history import refuse_destroyed, refuse_unknown_value
from plana_secrets.rotation.inforce import Left, record_terms
from plana_secrets.rotation.keyset import Keyset, found_keyset
from plana_secrets.rotation.landing import Delivery, Landing
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.rotation.targets import rendered_references, targets_of
from plana_secrets.secretfiles.writing.writer import StagedFile


@dataclass(frozen=True, slots=True)
class Source:
    """Where the first value comes from: a leaf that services read today, or the generator."""

    adopted: SecretReference | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Initialised:
    """``foreign``: by place, how many entries of an accepted list no keyset owns.

    ``weak``: an adopted value has less bytes than this, which is what its kind asks for.
    """

    moved: Moved
    foreign: tuple[tuple[str, int], ...] = ()
    weak: int | None = None


def init_keyset(
    rotation: Rotation,
    name: str,
    source: Source,
    *,
    replace: bool = False,
    accept_outage: bool = False,
    delivery: Delivery | None = None,
) -> Initialised:
    """Make the keyset ``name`` and render its targets.

    Where it exists, and no source is named, its targets are rendered again: those that
    hold nothing are filled (a caller that was added), with ``replace`` all are. What that
    changes has to be rolled out like a move: the current wait starts again.

    Raises:
        UsageError: no source for a new keyset (kind ``init-source``), or the adopted leaf
            belongs to a keyset (kind ``adopt-target``).
        FailedError: the keyset exists (kind ``keyset-exists``), there is nothing at the
            adopted path (``adopt-missing``), it cannot be a key (``bad-adopted-value``), it
            was destroyed (``destroyed-value``), a target holds another value
            (``target-occupied``), or ``replace`` would take it from the services that
            read it (``value-in-use``), unless ``accept_outage``.
    """
    with rotation.alone(f"rotate init {name}"):
        landing = begin(rotation, delivery)
        store = rotation.store()
        if store.exists(name):
            return _render_again(rotation, landing, store, name, source, replace=replace)
        new = _found(rotation, store, name, source)
        in_use = store.replaced(new) if replace else ()
        if in_use and not accept_outage:
            raise _in_use(store.policy(name), in_use)

        def stage(keyset: Keyset) -> Sequence[StagedFile]:
            return store.stage_rendering(None, keyset, replace=replace)

        words = f", outage accepted (value-in-use: {', '.join(in_use)})" if in_use else ""
        moved = land(rotation, landing, stage, new, f"init{words}")
        moved = dataclasses.replace(moved, move="init", accepted="value-in-use" if in_use else None)
        weak = _weakness(store.policy(name), new)
        return Initialised(moved, _foreign(rotation.store(), new), weak)


def _in_use(policy: KeysetPolicy, places: Sequence[str]) -> FailedError:
    wait = format_duration(policy.rollout)
    return FailedError(
        f"{policy.name}: services read another value at {', '.join(places)}; replacing it is an"
        f" outage of one roll-out, up to {wait}",
        kind="value-in-use",
        name=policy.name,
        places=", ".join(places),
    )


def _render_again(
    rotation: Rotation,
    landing: Landing,
    store: KeysetStore,
    name: str,
    source: Source,
    *,
    replace: bool,
) -> Initialised:
    if source.fresh or source.adopted:
        raise FailedError(f"the keyset {name} already exists", kind="keyset-exists", name=name)
    keyset = store.load(name)
    refuse_destroyed(store.history, keyset, store.file(name))

    def stage(after: Keyset) -> Sequence[StagedFile]:
        return store.stage_rendering(keyset, after, replace=replace)

    differs = store.differences(store.expected(keyset, replace=replace))
    after = keyset
    if differs:
        after = record_terms(keyset, reopen(keyset), store.policy(name), store.left(keyset))
    moved = land(rotation, landing, stage, after, "render")
    return Initialised(moved, _foreign(rotation.store(), keyset))


def _found(rotation: Rotation, store: KeysetStore, name: str, source: Source) -> Keyset:
    policy = store.policy(name)
    if source.fresh:
        fresh = found_keyset(name, policy.kind, policy.generate())
        return record_terms(None, fresh, policy)
    place = source.adopted
    if place is None:
        raise UsageError(
            f"{name} has no value yet; choose where the first one comes from",
            kind="init-source",
            name=name,
        )
    owner = rendered_references(rotation.policies).get(str(place))
    if owner not in {None, name}:
        raise UsageError(f"{place} belongs to the keyset {owner}", kind="adopt-target")
    content = store.text_at(place)
    if content is None or content.is_empty:
        raise FailedError(f"nothing to adopt at {place}", kind="adopt-missing", place=str(place))
    keyset = found_keyset(name, policy.kind, policy.adopt(content))
    refuse_destroyed(store.history, keyset, store.file(name))
    refuse_unknown_value(store.history, keyset)
    _refuse_overwriting(store, keyset, place)
    is_target = place in targets_of(policy)
    return record_terms(None, keyset, policy, Left(adopted=() if is_target else (str(place),)))


def _refuse_overwriting(store: KeysetStore, keyset: Keyset, place: SecretReference) -> None:
    """The adopted leaf is left alone: as a target it must hold already what it is to hold."""
    if place not in targets_of(store.policy(keyset.name)):
        return
    leaves = store.expected(keyset, replace=True)
    if any(leaf.reference == place and store.occupied(leaf) for leaf in leaves):
        raise UsageError(
            f"{place} is a target and would be overwritten in another format",
            kind="adopt-target",
            place=str(place),
        )


def _foreign(store: KeysetStore, keyset: Keyset) -> tuple[tuple[str, int], ...]:
    return tuple(
        (str(leaf.reference), leaf.foreign) for leaf in store.expected(keyset) if leaf.foreign
    )


def _weakness(policy: KeysetPolicy, keyset: Keyset) -> int | None:
    value = keyset.active.value
    return policy.weakness(value) if value is not None else None


ADVICE: Final = {
    "value-in-use": "--adopt FILE#PATH starts from the value in use; --accept-outage replaces it",
    "adopt-missing": "`plana-secrets ls {file}` shows the paths of the file",
    "adopt-target": "adopt the path that services read today, or use --fresh",
    "init-source": (
        "pass --fresh for a new value, or --adopt FILE#PATH to start from the one that "
        "services read today"
    ),
    "keyset-exists": "omit --fresh and --adopt to fill empty targets",
}
