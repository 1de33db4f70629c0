"""Two versions of a keyset file, merged by the state machine. Pure.

Of two moves on two sides, each counted its waits without the other. Beside a move, or without
one, only instants and confirmations can have been added.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from plana_secrets.document.edits import Content, plan_edits
from plana_secrets.document.kinds import KEYSET_SELECTOR
from plana_secrets.merging.bypath import Choice
from plana_secrets.merging.reasons import Reason
from plana_secrets.merging.sides import Side
from plana_secrets.rotation.keyset import Keyset, Status
from plana_secrets.rotation.keysetfile import parse_keyset, plan_file_edits
from plana_secrets.sops.model import Defect


def merge_keysets(
    base: Side | None, ours: Side, theirs: Side, choice: Choice | None
) -> tuple[Content | None, Reason | None]:
    """The merged content, None as long as a conflict has no choice; and what the conflict is.

    A side that is behind the other cannot be chosen.
    """
    before, here, there = map(parse_side, (base, ours, theirs))
    if here is None or there is None or (base is not None and before is None):
        return _chosen(ours, theirs, choice), Reason.NOT_BY_ROTATION
    if here == there:
        return ours.content, None
    merged = _merge(before, here, there)
    if isinstance(merged, Keyset):
        start = theirs if here == before or there.version > here.version else ours
        return _written(start, there if start is theirs else here, merged), None
    return _latest(here, there, ours, theirs, choice), merged


def keyset_after(base: Side | None, ours: Side | None, theirs: Side | None) -> Keyset | None:
    """The merged keyset, None where it is a conflict; a side that a merge added may be alone."""
    if ours is None or theirs is None:
        return parse_side(ours or theirs) if base is None else None
    before, here, there = map(parse_side, (base, ours, theirs))
    if here is None or there is None or (base is not None and before is None):
        return None
    merged = here if here == there else _merge(before, here, there)
    return merged if isinstance(merged, Keyset) else None


def parse_side(side: Side | None) -> Keyset | None:
    """The keyset of a version, None where there is none, or it is not of the schema."""
    if side is None:
        return None
    parsed = parse_keyset(side.document.structure, side.document.values)
    return None if isinstance(parsed, Defect) else parsed


def _merge(before: Keyset | None, here: Keyset, there: Keyset) -> Keyset | Reason:
    if before is None:
        return Reason.TWO_MOVES
    moved, dated = (there, here) if there.version >= here.version else (here, there)
    refusal = _refusal(before, moved, dated)
    if refusal is not None:
        return refusal
    merged = _dated(moved, dated)
    if moved.version > before.version:
        return merged
    terms = dated.terms if moved.terms == before.terms else moved.terms
    confirmed = tuple(sorted({*moved.confirmed, *dated.confirmed}))
    return replace(merged, confirmed=confirmed, terms=terms)


def _refusal(before: Keyset, moved: Keyset, dated: Keyset) -> Reason | None:
    has_moved = moved.version > before.version
    both_terms = before.terms not in (moved.terms, dated.terms)
    rules = (
        (dated.version < before.version, Reason.VERSION_BACK),
        (dated.version > before.version, Reason.TWO_MOVES),
        (not _is_same_phase(before, dated), Reason.NOT_BY_ROTATION),
        (not has_moved and not _is_same_phase(before, moved), Reason.NOT_BY_ROTATION),
        (not _destroyed(before) <= _destroyed(moved), Reason.VERSION_BACK),
        # the first schema has no terms: a move that lost them is of no version that reads them
        (moved.terms is None and dated.terms is not None, Reason.NOT_BY_ROTATION),
        (
            not has_moved and both_terms and moved.terms != dated.terms,
            Reason.NOT_BY_ROTATION,
        ),
    )
    return next((reason for applies, reason in rules if applies), None)


def _is_same_phase(one: Keyset, other: Keyset) -> bool:
    """Whether no move, and nothing that only a move changes, is between the two."""
    return _bare(one) == _bare(other)


def _bare(keyset: Keyset) -> Keyset:
    keys = tuple(replace(key, since=None) for key in keyset.keys)
    return replace(keyset, confirmed=(), terms=None, keys=keys)


def _destroyed(keyset: Keyset) -> set[str]:
    return {key.kid for key in keyset.keys if key.status is Status.DESTROYED}


def _dated(moved: Keyset, dated: Keyset) -> Keyset:
    """``moved`` with the later of two instants: late is safe."""
    known = {(key.kid, key.status): key.since for key in dated.keys}
    keys = (
        replace(key, since=_later(key.since, known.get((key.kid, key.status)), moved, dated))
        for key in moved.keys
    )
    return replace(moved, keys=tuple(keys))


def _later(
    one: datetime | None, other: datetime | None, moved: Keyset, dated: Keyset
) -> datetime | None:
    """A status that a move brought has landed where that move says it, and nowhere else."""
    if one is None and moved.version > dated.version:
        return None
    return max((each for each in (one, other) if each is not None), default=None)


def _written(start: Side, keyset: Keyset, merged: Keyset) -> Content:
    edits = plan_file_edits(keyset, merged)
    return plan_edits(start.content, edits, KEYSET_SELECTOR, by_rotation=True)


def _chosen(ours: Side, theirs: Side, choice: Choice | None) -> Content | None:
    if choice is None:
        return None
    return ours.content if choice == "ours" else theirs.content


def _latest(
    here: Keyset, there: Keyset, ours: Side, theirs: Side, choice: Choice | None
) -> Content | None:
    """The chosen side, unless it is behind the other, or has a value that the other destroyed."""
    one, other = (here, there) if choice == "ours" else (there, here)
    if one.version < other.version or not _destroyed(other) <= _destroyed(one):
        return None
    return _chosen(ours, theirs, choice)
