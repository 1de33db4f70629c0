"""Two versions of a document merged value by value, in the order that our side has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from plana_secrets.document.edits import Content
from plana_secrets.document.merge import merge_contents, take_units, unit_of, units_of
from plana_secrets.merging.reasons import Conflict, Reason
from plana_secrets.merging.remarks import comments_of, with_comments, without_comments
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment

Choice = Literal["ours", "theirs"]
Choices = Mapping[LeafPath, Choice]
Judge = Callable[[Secret], bool]


def merge_by_path(
    base: Content, ours: Content, theirs: Content, is_revoked: Judge, choices: Choices
) -> tuple[Content | None, tuple[Conflict, ...]]:
    """The merged content, None as long as a conflict has no choice; and every conflict.

    A value on their side that ``is_revoked`` never comes back: its only choice is ours.
    """
    bare = [without_comments(one) for one in (base, ours, theirs)]
    merge = merge_contents(bare[0], bare[2], bare[1], _winners(choices))
    conflicts = [Conflict(Reason.BOTH_CHANGED, path) for path in merge.conflicts]
    if merge.content is None:
        return None, tuple(conflicts)
    back = _returning(bare[1], merge.content, is_revoked)
    conflicts += [Conflict(Reason.REVOKED, path) for path in back]
    if any(choices.get(path) != "ours" for path in back):
        return None, tuple(conflicts)
    merged = take_units(merge.content, bare[1], back)
    if _is_same(base, ours) and not back and not conflicts:
        return theirs, ()
    return with_comments(merged, base, ours, theirs), tuple(conflicts)


def _winners(choices: Choices) -> dict[LeafPath, Literal["mine", "theirs"]]:
    """In terms of a merge of their changes into ours."""
    return {path: "mine" if side == "theirs" else "theirs" for path, side in choices.items()}


def _returning(ours: Content, merged: Content, is_revoked: Judge) -> Sequence[LeafPath]:
    """What the merge brings that ours does not have, and must not have."""
    here = units_of(ours)
    entries = [
        (unit_of(item.path), value)
        for item, value in zip(merged.items, merged.values, strict=True)
        if value is not None
    ]
    brought = [path for path, facts in units_of(merged).items() if facts != here.get(path)]
    return [
        path
        for path in brought
        if any(unit == path and is_revoked(value) for unit, value in entries)
    ]


def _is_same(one: Content, other: Content) -> bool:
    """Also in the order of its entries, and in its comments."""
    sides = [[item.path for item in each.items if not isinstance(item, Comment)]
             for each in (one, other)]  # fmt: skip
    same = sides[0] == sides[1] and units_of(one) == units_of(other)
    return same and comments_of(one) == comments_of(other)
