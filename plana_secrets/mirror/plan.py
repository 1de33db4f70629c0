"""What is different between the files and the mirror, and what is to be done. Pure.

``plan_mirror`` names every difference as drift and sorts what can be fixed without
losing anything into creations, updates and deletions. What it leaves is left on
purpose: a hand edit, an item of a removed file without ``prune``, what the backend
cannot hold, and every file that could not be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from plana_secrets.mirror.backend import ActualItem, DesiredItem, Listing, Record
from plana_secrets.mirror.compare import (
    Difference,
    compare,
    hand_edits_without_file,
    keep_hand_edits,
)
from plana_secrets.mirror.drift import Choices, Drift, DriftKind, MirrorPlan, Update, Wanted
from plana_secrets.mirror.item import NOTE, TITLE, digest_of_text, without_paths
from plana_secrets.mirror.renames import match_renames

_NEEDS_CONSENT: Final = frozenset({"retyped", "undecryptable"})
_ATTACHED: Final = "a file is attached by hand; only people remove it"
_HELD: Final = "it is in a place where this account cannot write"


def plan_mirror(wanted: Wanted, listing: Listing, choices: Choices) -> MirrorPlan:
    """The drift between ``wanted`` and ``listing``, and what to do about it."""
    draft = _Draft(wanted.titles, choices)
    groups: dict[str, list[ActualItem]] = defaultdict(list)
    for item in listing.items:
        if item.record is None:
            draft.note(DriftKind.UNDECRYPTABLE, None, item, left=True)
        else:
            groups[item.record.file].append(item)
    for file, reason in wanted.unknown.items():
        draft.drift_of_unknown(file, reason, groups.pop(file, []))
    _rename(wanted, groups)
    for desired in wanted.items:
        _plan_file(draft, desired, wanted, groups.pop(desired.file, []))
    for file in sorted(groups):
        for item in sorted(groups[file], key=_id_of):
            _plan_extra(draft, file, item, is_withdrawn=file in wanted.withdrawn)
    return draft.finish()


def _rename(wanted: Wanted, groups: dict[str, list[ActualItem]]) -> None:
    """The items of a renamed file become those of its new name."""
    files = {item.file for item in wanted.items}
    gone = {
        file: items
        for file, items in groups.items()
        if file not in files | wanted.withdrawn and not all(one.is_held for one in items)
    }
    if gone:
        new = [item for item in wanted.items if item.file not in groups]
        for file, former in match_renames(new, gone, wanted.renames).items():
            groups[file] = groups.pop(former)


def _id_of(item: ActualItem) -> str:
    return item.id


class _Draft:
    """A plan in progress."""

    def __init__(self, titles: Mapping[str, str], choices: Choices) -> None:
        self.titles = titles
        self.choices = choices
        self.drift: list[Drift] = []
        self.left: list[Drift] = []
        self.create: list[DesiredItem] = []
        self.update: list[Update] = []
        self.delete: list[ActualItem] = []
        self.keep: list[ActualItem] = []
        self.removed = 0

    def note(
        self,
        kind: DriftKind,
        file: str | None,
        item: ActualItem | None = None,
        paths: Iterable[str] = (),
        *,
        left: bool,
        reason: str | None = None,
    ) -> None:
        title = self._title(file, item)
        one = Drift(kind, file, title, tuple(paths), reason, item.id if item else None)
        self.drift.append(one)
        if left:
            self.left.append(one)

    def _title(self, file: str | None, item: ActualItem | None) -> str | None:
        """Of a file that is gone the title that we wrote, not one edited since."""
        if file in self.titles or item is None or item.record is None:
            return self.titles.get(file, file) if file is not None else None
        is_ours = item.record.digests.get(TITLE) == digest_of_text(item.title)
        return item.title if is_ours else file

    def drift_of_unknown(self, file: str, reason: str, items: list[ActualItem]) -> None:
        first = min(items, key=_id_of, default=None)
        self.note(DriftKind.UNKNOWN, file, first, left=True, reason=reason)

    def finish(self) -> MirrorPlan:
        return MirrorPlan(
            drift=tuple(self.drift),
            left=tuple(self.left),
            create=tuple(self.create),
            update=tuple(self.update),
            delete=tuple(self.delete),
            keep=tuple(self.keep),
            removed=self.removed,
        )


def _plan_file(draft: _Draft, full: DesiredItem, wanted: Wanted, items: list[ActualItem]) -> None:
    reasons = wanted.unsupported.get(full.file, ())
    for reason in reasons:
        paths = () if reason.path is None else (reason.path,)
        draft.note(DriftKind.UNSUPPORTED, full.file, None, paths, left=True, reason=reason.reason)
    if any(reason.path is None for reason in reasons):
        return
    desired = without_paths(full, frozenset(one.path for one in reasons if one.path is not None))
    ranked = sorted(_compared(desired, items), key=_rank)
    if not ranked:
        draft.note(DriftKind.MISSING, desired.file, left=False)
        draft.create.append(desired)
        return
    _plan_item(draft, desired, *ranked[0])
    for item, _record, difference in ranked[1:]:
        _plan_duplicate(draft, desired.file, item, difference, _problems_of(item, desired))


def _compared(
    desired: DesiredItem, items: list[ActualItem]
) -> Iterator[tuple[ActualItem, Record, Difference]]:
    for item in items:
        if item.record is not None:
            yield item, item.record, compare(desired, item, item.record)


def _rank(compared: tuple[ActualItem, Record, Difference]) -> tuple[bool, int, int, str]:
    """Of several items of one file the soundest is the item, the others are duplicates."""
    item, _, difference = compared
    differences = len(difference.hand_edited) + difference.is_stale
    return item.is_held, len(item.problems), differences, item.id


def _plan_item(
    draft: _Draft, desired: DesiredItem, item: ActualItem, record: Record, difference: Difference
) -> None:
    overwrite = draft.choices.overwrite_edits
    problems = _problems_of(item, desired)
    _note_attached(draft, desired.file, item)
    if difference.hand_edited or difference.is_stale or problems - {"altered"}:
        problems -= {"altered"}  # the update for the other reason removes it as well
    held = _is_held(item, problems)
    blocked = held or (bool(problems & _NEEDS_CONSENT) and not overwrite)
    for problem in sorted(problems):
        reason = _HELD if held and problem == "moved" else None
        draft.note(DriftKind(problem), desired.file, item, left=blocked, reason=reason)
    if difference.hand_edited:
        left = held or not overwrite
        draft.note(DriftKind.HAND_EDITED, desired.file, item, difference.hand_edited, left=left)
    if difference.is_stale:
        _note_stale(draft, desired.file, item, record, difference.stale, left=blocked)
    if blocked:
        return
    precious = bool(difference.hand_edited or item.problems & _NEEDS_CONSENT)
    if overwrite and precious:
        draft.keep.append(item)
    restamp = draft.choices.restamp and record.commit != desired.record.commit
    if difference.needs_update or problems or restamp or (overwrite and precious):
        kept = () if overwrite else difference.hand_edited
        draft.update.append(Update(item, keep_hand_edits(desired, item, record, kept)))


def _note_stale(
    draft: _Draft,
    file: str,
    item: ActualItem,
    record: Record,
    paths: tuple[str, ...],
    *,
    left: bool,
) -> None:
    """Of a renamed file title and note are another, which says nothing more."""
    if record.file != file:
        draft.note(DriftKind.RENAMED, file, item, left=left, reason=f"from {record.file}")
        paths = tuple(path for path in paths if path not in {TITLE, NOTE})
    if paths or record.file == file:
        draft.note(DriftKind.STALE, file, item, paths, left=left)


def _problems_of(item: ActualItem, desired: DesiredItem) -> frozenset[str]:
    is_moved = desired.collection != item.collection
    return (item.problems - {"attached"}) | ({"moved"} if is_moved else frozenset())


def _note_attached(draft: _Draft, file: str, item: ActualItem) -> bool:
    """Whether a file is attached by hand: an update keeps it, a deletion would not."""
    if "attached" not in item.problems:
        return False
    draft.note(DriftKind.ATTACHED, file, item, left=True, reason=_ATTACHED)
    return True


def _is_held(item: ActualItem, problems: frozenset[str]) -> bool:
    """Whether it was put out of our reach; one that is at home and read-only was not."""
    return item.is_held and "moved" in problems


def _plan_duplicate(
    draft: _Draft,
    file: str,
    item: ActualItem,
    difference: Difference,
    problems: frozenset[str],
) -> None:
    precious = bool(difference.hand_edited or item.problems & _NEEDS_CONSENT)
    held = _is_held(item, problems)
    has_file = _note_attached(draft, file, item)
    left = held or has_file or (precious and not draft.choices.overwrite_edits)
    reason = _HELD if held else None
    draft.note(DriftKind.DUPLICATE, file, item, left=left, reason=reason)
    if difference.hand_edited:
        draft.note(DriftKind.HAND_EDITED, file, item, difference.hand_edited, left=left)
    _delete_unless(draft, item, left=left, precious=precious)


def _plan_extra(draft: _Draft, file: str, item: ActualItem, *, is_withdrawn: bool) -> None:
    """An item whose file is not mirrored; where that is still there, nothing is lost with it."""
    edits = hand_edits_without_file(item, item.record) if item.record else ()
    precious = bool(edits or item.problems & _NEEDS_CONSENT)
    held = _is_held(item, item.problems)
    kept = not (draft.choices.prune or is_withdrawn)
    has_file = _note_attached(draft, file, item)
    left = held or kept or has_file or (precious and not draft.choices.overwrite_edits)
    kind = DriftKind.WITHDRAWN if is_withdrawn else DriftKind.EXTRA
    draft.note(kind, file, item, left=left, reason=_HELD if held else None)
    if edits:
        draft.note(DriftKind.HAND_EDITED, file, item, edits, left=left)
    _delete_unless(draft, item, left=left, precious=precious)
    draft.removed += not left


def _delete_unless(draft: _Draft, item: ActualItem, *, left: bool, precious: bool) -> None:
    if left:
        return
    if precious:
        draft.keep.append(item)
    draft.delete.append(item)
