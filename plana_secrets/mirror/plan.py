"""What is different between the files and the mirror, and what is to be done. Pure.

``plan_mirror`` names every difference as drift and sorts what can be fixed without
losing anything into creations, updates and deletions. What it leaves is left on
purpose: a hand edit, an item of a removed file without ``prune``, what the backend
cannot hold, and every file that could not be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from plana_secrets.mirror.backend import ActualItem, Desired, DesiredItem, Listing, Record
from plana_secrets.mirror.compare import (
    Difference,
    compare,
    hand_edits_without_file,
    keep_hand_edits,
    unlike,
)
from plana_secrets.mirror.drift import (
    Choices,
    Drift,
    DriftKind,
    MirrorPlan,
    Update,
    Waiting,
    Wanted,
)
from plana_secrets.mirror.item import NOTE, TITLE, digest_of_text, without_paths
from plana_secrets.mirror.parts import Held, number_of, parts_of
from plana_secrets.mirror.renames import match_renames

_NEEDS_CONSENT: Final = frozenset({"retyped", "undecryptable"})
_ATTACHED: Final = "a file or a passkey was added by hand; only people remove it"
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
        for item in sorted(groups[file], key=_part_and_id):
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
        new = (item.opened() for item in wanted.items if item.file not in groups)
        for file, former in match_renames(new, gone, wanted.renames).items():
            groups[file] = groups.pop(former)


def _id_of(item: ActualItem) -> str:
    return item.id


def _part_and_id(item: ActualItem) -> tuple[int, str]:
    return number_of(item.record) if item.record else 0, item.id


class _Draft:
    """A plan in progress."""

    def __init__(self, titles: Mapping[str, str], choices: Choices) -> None:
        self.titles = titles
        self.choices = choices
        self.drift: list[Drift] = []
        self.left: list[Drift] = []
        self.create: list[Desired] = []
        self.update: list[Update] = []
        self.delete: list[ActualItem] = []
        self.keep: list[ActualItem] = []
        self.removed: set[str] = set()
        self.waiting: list[Waiting] = []

    def note(
        self,
        kind: DriftKind,
        file: str | None,
        item: ActualItem | None = None,
        paths: Iterable[str] = (),
        *,
        left: bool,
        reason: str | None = None,
        title: str | None = None,
    ) -> None:
        title = title or self._title(file, item)
        one = Drift(kind, file, title, tuple(paths), reason, item.id if item else None)
        self.drift.append(one)
        if left:
            self.left.append(one)

    def _title(self, file: str | None, item: ActualItem | None) -> str | None:
        """Of a part, and of a file that is gone, the title that we wrote, not one edited since."""
        known = self.titles.get(file, file) if file is not None else None
        if item is None or item.record is None or (file in self.titles and not item.record.part):
            return known
        is_ours = item.record.digests.get(TITLE) == digest_of_text(item.title)
        return item.title if is_ours else known

    def drift_of_unknown(self, file: str, reason: str, items: list[ActualItem]) -> None:
        first = min(items, key=_id_of, default=None)
        self.note(DriftKind.UNKNOWN, file, first, left=True, reason=reason)

    def miss(self, item: Desired) -> None:
        self.note(DriftKind.MISSING, item.file, title=item.title, left=False)
        self.create.append(item)

    def finish(self) -> MirrorPlan:
        return MirrorPlan(
            drift=tuple(self.drift),
            left=tuple(self.left),
            create=tuple(self.create),
            update=tuple(self.update),
            delete=tuple(self.delete),
            keep=tuple(self.keep),
            removed=frozenset(self.removed),
            waiting=tuple(self.waiting),
        )


def _plan_file(draft: _Draft, whole: Desired, wanted: Wanted, items: list[ActualItem]) -> None:
    reasons = wanted.unsupported.get(whole.file, ())
    if not (items or reasons or whole.file in wanted.divided):
        draft.miss(whole)  # as it is: a first mirror has many of these
        return
    full = whole.opened()
    for reason in reasons:
        paths = () if reason.path is None else (reason.path,)
        draft.note(DriftKind.UNSUPPORTED, full.file, None, paths, left=True, reason=reason.reason)
    if any(reason.path is None for reason in reasons):
        return
    desired = without_paths(full, frozenset(one.path for one in reasons if one.path is not None))
    parts = parts_of(desired, items, wanted)
    compared = list(_compared(parts, desired, items))
    ranked = [
        sorted((one for one in compared if number_of(one[1]) == number), key=_rank)
        for number in range(1, len(parts) + 1)
    ]
    chosen = [some[0][0] if some else None for some in ranked]
    held = Held(parts, chosen, items, overwrite=draft.choices.overwrite_edits)
    for part, some in zip(parts, ranked, strict=True):
        if some:
            _plan_item(draft, part, *some[0], waits=held.lacks_of(some[0][0], part))
        else:
            draft.miss(part)
    rest = [(one[0], unlike(one[2], one[0], some[0][0])) for some in ranked for one in some[1:]]
    rest += [(item, found) for item, record, found in compared if number_of(record) > len(parts)]
    for item, difference in rest:
        _plan_duplicate(draft, desired, item, difference, waits=held.lacks_of(item))


def _compared(
    parts: Sequence[DesiredItem], whole: DesiredItem, items: list[ActualItem]
) -> Iterator[tuple[ActualItem, Record, Difference]]:
    """Each item beside what it is to be; a part that the file has no more, beside the file."""
    for item in items:
        if item.record is not None:
            number = number_of(item.record)
            desired = parts[number - 1] if number <= len(parts) else whole
            yield item, item.record, compare(desired, item, item.record, whole)


def _rank(compared: tuple[ActualItem, Record, Difference]) -> tuple[bool, int, int, str]:
    """Of several items of one file the soundest is the item, the others are duplicates."""
    item, _, difference = compared
    differences = len(difference.hand_edited) + difference.is_stale
    return item.is_held, len(item.problems), differences, item.id


def _plan_item(
    draft: _Draft,
    desired: DesiredItem,
    item: ActualItem,
    record: Record,
    difference: Difference,
    *,
    waits: bool,
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
        _note_stale(draft, desired, item, record, difference.stale, left=blocked)
    if waits and not blocked:
        draft.waiting.append(Waiting(desired.file))
    elif not blocked:
        if record.file != desired.file and record.form != desired.record.form:
            # An item of another type is created before the old one is deleted: the old one is
            # the file's by then, and a second copy if the run ends in between.
            desired = replace(desired, record=replace(desired.record, form=record.form))
            draft.waiting.append(Waiting(desired.file))
        _plan_update(draft, Update(item, desired), record, difference, has_problems=bool(problems))


def _plan_update(
    draft: _Draft, update: Update, record: Record, difference: Difference, *, has_problems: bool
) -> None:
    item, desired, overwrite = update.actual, update.desired, draft.choices.overwrite_edits
    precious = bool(difference.hand_edited or item.problems & _NEEDS_CONSENT)
    if overwrite and precious:
        draft.keep.append(item)
    restamp = draft.choices.restamp and record.commit != desired.record.commit
    if difference.needs_update or has_problems or restamp or (overwrite and precious):
        kept = () if overwrite else difference.hand_edited
        draft.update.append(Update(item, keep_hand_edits(desired, item, record, kept)))


def _note_stale(
    draft: _Draft,
    desired: DesiredItem,
    item: ActualItem,
    record: Record,
    paths: tuple[str, ...],
    *,
    left: bool,
) -> None:
    """Of a renamed file title and note are another, which says nothing more."""
    file = desired.file
    if record.file != file:
        draft.note(DriftKind.RENAMED, file, item, left=left, reason=f"from {record.file}")
        paths = tuple(path for path in paths if path not in {TITLE, NOTE})
    if paths or record.file == file:
        form = desired.record.form
        reason = None if form == record.form else f"becomes a {form} item"
        draft.note(DriftKind.STALE, file, item, paths, left=left, reason=reason)


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
    draft: _Draft, desired: DesiredItem, item: ActualItem, difference: Difference, *, waits: bool
) -> None:
    file, problems = desired.file, _problems_of(item, desired)
    precious = bool(difference.hand_edited or item.problems & _NEEDS_CONSENT)
    held = _is_held(item, problems)
    has_file = _note_attached(draft, file, item)
    left = held or has_file or (precious and not draft.choices.overwrite_edits)
    reason = _HELD if held else None
    draft.note(DriftKind.DUPLICATE, file, item, left=left, reason=reason)
    if difference.hand_edited:
        draft.note(DriftKind.HAND_EDITED, file, item, difference.hand_edited, left=left)
    if waits and not left:
        draft.waiting.append(Waiting(file, deletes=item.id))
    _delete_unless(draft, item, left=left or waits, precious=precious)


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
    if not left:
        draft.removed.add(file)


def _delete_unless(draft: _Draft, item: ActualItem, *, left: bool, precious: bool) -> None:
    if left:
        return
    if precious:
        draft.keep.append(item)
    draft.delete.append(item)
