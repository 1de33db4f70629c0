"""The words and shapes of a plan: what it is built from, what differs, what is to be done.

``plan`` decides; these only say it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from plana_secrets.mirror.backend import ActualItem, Desired, DesiredItem, Unsupported


class DriftKind(StrEnum):
    """The words of the reports."""

    MISSING = "missing"
    STALE = "stale"
    EXTRA = "extra"
    HAND_EDITED = "hand-edited"
    TRASHED = "trashed"
    MOVED = "moved"
    RETYPED = "retyped"
    DUPLICATE = "duplicate"
    UNDECRYPTABLE = "undecryptable"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"
    RENAMED = "renamed"
    ATTACHED = "attached"
    ALTERED = "altered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. ``item``: the title that the file's item has or is to have.

    ``paths``: leaves, and ``.title`` or ``.note``. ``reason``: why something is
    unsupported or unknown, or an item cannot be moved back. ``id``: of the item in the
    backend. Never a value.
    """

    kind: DriftKind
    file: str | None
    item: str | None
    paths: tuple[str, ...] = ()
    reason: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """``desired`` is what to write: hand edits that are to stay are already in it."""

    actual: ActualItem
    desired: DesiredItem


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change to an item of ``file`` that comes after another one: once other items hold its
    values, where it is divided; once it has its new name, where it gets another type.

    ``deletes``: the id of the item; None where it is updated.
    """

    file: str
    deletes: str | None = None


@dataclass(frozen=True, slots=True)
class MirrorPlan:
    """``keep``: items with hand edits that an update or a deletion is about to destroy.

    ``left``: the drift that is there also afterwards. ``waiting``: what the plan after this one
    will do.
    """

    drift: tuple[Drift, ...]
    left: tuple[Drift, ...]
    create: tuple[Desired, ...]
    update: tuple[Update, ...]
    delete: tuple[ActualItem, ...]
    keep: tuple[ActualItem, ...]
    removed: frozenset[str]
    """The files that are gone, or no longer mirrored, whose items are deleted."""
    waiting: tuple[Waiting, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.create or self.update or self.delete)

    def only(self, files: Collection[str], ids: Collection[str]) -> MirrorPlan:
        """What of the plan makes items of ``files``, and deletes those of ``ids``."""
        update = tuple(one for one in self.update if one.desired.file in files)
        delete = tuple(one for one in self.delete if one.id in ids)
        touched = {one.actual.id for one in update} | {one.id for one in delete}
        return replace(
            self,
            create=tuple(one for one in self.create if one.file in files),
            update=update,
            delete=delete,
            keep=tuple(one for one in self.keep if one.id in touched),
            waiting=tuple(one for one in self.waiting if one.file in files),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the files say: their items, and the files of which nothing is known.

    ``unknown`` maps such a file to the reason; its items are carried over untouched.
    ``withdrawn`` files are there, but no longer mirrored; ``renames``: former names that git
    knows, by the new one. ``item_size``: of the backend; ``divided``: files that it refused as
    a whole. ``settled``: files that agree with their items, neither of which is kept open.
    """

    items: tuple[Desired, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    unsupported: Mapping[str, tuple[Unsupported, ...]] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)
    item_size: int | None = None
    divided: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person allowed for this run.

    ``restamp``: record the present commit in every item. After a history that was
    rewritten the old ones are nowhere, and would stop each later run.
    """

    prune: bool = False
    overwrite_edits: bool = False
    restamp: bool = False
