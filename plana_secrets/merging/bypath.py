"""Two versions of a document merged value by value, in the order that our side has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from plana_secrets.document.edits import Content, content_from
from plana_secrets.document.merge import merge_contents, take_units, unit_of, units_of
from plana_secrets.merging.reasons import Conflict, Reason
from plana_secrets.merging.remarks import comments_of, with_comments, without_comments
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, LeafType

Choice = Literal["ours", "theirs"]
Choices = Mapping[LeafPath, Choice]
Judge = Callable[[Secret], bool]
Combine = Callable[[LeafPath, Sequence[Secret | None]], Secret | None]
"""The value at a path that both sides changed, by that of the base and of both; None: ask."""


def always_ask(_path: LeafPath, _values: Sequence[Secret | None]) -> None:
    """A ``Combine`` for what no one renders."""


def merge_by_path(
    base: Content,
    ours: Content,
    theirs: Content,
    is_revoked: Judge,
    choices: Choices,
    combine: Combine = always_ask,
) -> tuple[Content | None, tuple[Conflict, ...]]:
    """The merged content, None as long as a conflict has no choice; and every conflict.

    A value on their side that ``is_revoked`` never comes back: its only choice is ours.
    """
    bare = [without_comments(one) for one in (base, ours, theirs)]
    merge = merge_contents(bare[0], bare[2], bare[1], _winners(choices))
    combined = _combined(bare, [one for one in merge.conflicts if one not in choices], combine)
    if combined:
        settled: Choices = {**choices, **dict.fromkeys(combined, "ours")}
        merge = merge_contents(bare[0], bare[2], bare[1], _winners(settled))
    open_paths = [path for path in merge.conflicts if path not in combined]
    conflicts = [Conflict(Reason.BOTH_CHANGED, path) for path in open_paths]
    if merge.content is None:
        return None, tuple(conflicts)
    merged = _with_values(merge.content, combined)
    back = _returning(bare[1], merged, is_revoked)
    conflicts += [Conflict(Reason.REVOKED, path) for path in back]
    if any(choices.get(path) != "ours" for path in back):
        return None, tuple(conflicts)
    merged = take_units(merged, bare[1], back)
    if _is_same(base, ours) and not back and not conflicts:
        return theirs, ()
    return with_comments(merged, base, ours, theirs), tuple(conflicts)


def _combined(
    sides: Sequence[Content], paths: Sequence[LeafPath], combine: Combine
) -> dict[LeafPath, Secret]:
    """The conflicts that are none: at one leaf, which both sides have."""
    leaves = [one.leaves() for one in sides]
    found = {}
    for path in paths:
        base, ours, theirs = (one.get(path, (None, None)) for one in leaves)
        if ours[0] is theirs[0] is LeafType.STR:
            value = combine(path, (base[1], ours[1], theirs[1]))
            if value is not None:
                found[path] = value
    return found


def _with_values(content: Content, values: Mapping[LeafPath, Secret]) -> Content:
    entries = zip(content.items, content.values, strict=True)
    return content_from([(item, values.get(item.path, value)) for item, value in entries])


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
