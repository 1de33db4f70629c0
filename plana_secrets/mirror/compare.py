"""What differs between an item and its file, name by name. Pure.

For each name there are three contents: what the file says, what the item has, and what
we wrote last (its digest). Content that we did not write and that the file does not
say is a *hand edit*: it may exist nowhere else. Every other difference is *stale* and
loses nothing when it is overwritten, a hand edit to exactly the file's value included.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace

from plana_secrets.mirror.backend import ActualItem, DesiredItem, Field, Record
from plana_secrets.mirror.fieldnames import is_adopted
from plana_secrets.mirror.item import (
    NOTE,
    TITLE,
    contents_of,
    desired_contents,
    digest_of,
)
from plana_secrets.secret import Secret


@dataclass(frozen=True, slots=True)
class Difference:
    """Names in the order of the file, what was added by hand after them.

    ``unproven``: the content is right, and it was copied from a working tree, while now
    a commit vouches for it, or its record names no repository; written again without
    being drift.
    """

    hand_edited: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    is_stale: bool = False
    unproven: bool = False

    @property
    def needs_update(self) -> bool:
        return self.is_stale or self.unproven


def compare(
    desired: DesiredItem, actual: ActualItem, record: Record, whole: DesiredItem
) -> Difference:
    """How ``actual``, whose record is ``record``, differs from ``desired``.

    ``whole``: the file, of which ``desired`` may be a part. What belongs in another part is
    drift of that one, and no hand edit while it is what the file says.
    """
    want = desired_contents(desired, record.commit)
    have = contents_of(actual)
    in_file = {field.path: field.shown for field in whole.fields} | want
    elsewhere = _elsewhere(desired, whole)
    hand_edited: list[str] = []
    stale: list[str] = []
    for name in dict.fromkeys([*want, *have, *record.digests]):
        wanted, there, written = want.get(name), have.get(name), record.digests.get(name)
        says = wanted if there is None else in_file.get(name)
        if _is_hand_edit(says, there, written) and not _is_in_file(name, there, in_file):
            hand_edited.append(name)
        elif not _is_settled(wanted, there, written):
            stale.append(name)
    edited = set(hand_edited)
    shaped = [path for path in _changed_shape(desired.record, record) if path not in edited]
    stale = list(dict.fromkeys([*stale, *shaped]))
    return Difference(
        hand_edited=tuple(hand_edited),
        stale=tuple(name for name in stale if name not in elsewhere),
        is_stale=bool(stale) or _layout(desired.record) != _layout(record),
        unproven=(record.commit is None and desired.record.commit is not None)
        or record.repository != desired.record.repository,
    )


def _elsewhere(desired: DesiredItem, whole: DesiredItem) -> set[str]:
    """The paths of the file that are in other parts."""
    here = {path for path, _, _ in desired.record.shape}
    return {path for path, _, _ in whole.record.shape} - here


def _is_hand_edit(want: Secret | None, have: Secret | None, written: str | None) -> bool:
    """A field that was removed is one while the file says what was in it, as far as is known."""
    if have is None:
        return want is not None and written in {"", digest_of(want)}
    if want is not None and have == want:
        return False
    return written is None or digest_of(have) != written


def _is_in_file(name: str, have: Secret | None, want: Mapping[str, Secret]) -> bool:
    """Whether what a person typed is in the file by now, as ``adopt`` spells it."""
    if have is None:
        return False
    if name in want:
        return name.startswith("data.") and want[name].reveal() == b64encode(have.reveal())
    return any(one == have and is_adopted(name, spelled) for spelled, one in want.items())


def _is_settled(want: Secret | None, have: Secret | None, written: str | None) -> bool:
    if want is None or have is None:
        return want is have and written is None
    return have == want and written == digest_of(want)


def hand_edits_without_file(actual: ActualItem, record: Record) -> tuple[str, ...]:
    """What of an item whose file is gone was not written by us."""
    return tuple(
        name
        for name, have in contents_of(actual).items()
        if digest_of(have) != record.digests.get(name)
    )


def unlike(difference: Difference, item: ActualItem, other: ActualItem) -> Difference:
    """``difference`` without the hand edits that ``other``, an item of the same file, has, too."""
    here, there = contents_of(item), contents_of(other)
    edited = [name for name in difference.hand_edited if here.get(name) != there.get(name)]
    return replace(difference, hand_edited=tuple(edited))


def _layout(record: Record) -> object:
    return record.shape, record.plain, record.part, record.form


def _changed_shape(desired: Record, record: Record) -> list[str]:
    shapes = set(desired.shape) ^ set(record.shape)
    plain = set(desired.plain) ^ set(record.plain)
    changed = {path for path, _, _ in shapes} | {leaf.path for leaf in plain}
    order = [path for path, _, _ in (*desired.shape, *record.shape)]
    return [path for path in dict.fromkeys(order) if path in changed]


def keep_hand_edits(
    desired: DesiredItem, actual: ActualItem, record: Record, names: tuple[str, ...]
) -> DesiredItem:
    """``desired``, but with what ``actual`` has under ``names``, and its old digests.

    Written like this the item is up to date everywhere else, and the hand edits are
    still recognised as such.
    """
    kept = frozenset(names)
    have = contents_of(actual)
    digests = {name: one for name, one in desired.record.digests.items() if name not in kept}
    digests |= {name: record.digests[name] for name in names if name in record.digests}
    known = {field.path: field for field in desired.fields}
    fields = [field for field in desired.fields if field.path not in kept]
    for name in names:
        if name in actual.fields:
            old = known.get(name) or Field(name, have[name])
            fields.append(replace(old, shown=have[name]))
    return replace(
        desired,
        title=actual.title if TITLE in kept else desired.title,
        note=actual.note if NOTE in kept else desired.note,
        fields=tuple(fields),
        record=replace(desired.record, digests=digests),
    )
