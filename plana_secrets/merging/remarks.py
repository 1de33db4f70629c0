"""The comments of a merged document. Pure.

A comment has no path of its own, and it is no value: no one is asked about it. Those that a
side added are there, those that a side removed are not, and each goes where it was: before
the entry that followed it. (sops puts every comment on a line of its own.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from plana_secrets.document.edits import Content, content_from
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Item

_Entry = tuple[Item, Secret | None]
_Key = tuple[LeafPath, bytes]


def without_comments(content: Content) -> Content:
    """The leaves and empty containers alone."""
    return content_from([one for one in _entries(content) if not isinstance(one[0], Comment)])


def with_comments(merged: Content, base: Content, ours: Content, theirs: Content) -> Content:
    """``merged``, which has none, with the comments of the three."""
    wanted = _wanted(*(Counter(_keys(one)) for one in (base, ours, theirs)))
    entries = _entries(merged)
    for side in (ours, theirs):
        for remark in _remarks(side):
            if wanted[remark.key] > 0 and remark.put_into(entries):
                wanted[remark.key] -= 1
    return content_from(entries)


def comments_of(content: Content) -> Counter[_Key]:
    """Container and text of every comment."""
    return Counter(_keys(content))


def _wanted(base: Counter[_Key], ours: Counter[_Key], theirs: Counter[_Key]) -> Counter[_Key]:
    wanted: Counter[_Key] = Counter()
    for key in {*base, *ours, *theirs}:
        before, here, there = base[key], ours[key], theirs[key]
        wanted[key] = here if here == there else max(here + there - before, 0)
    return wanted


@dataclass(frozen=True, slots=True)
class _Remark:
    """``anchor``: the item that it is before; None where nothing follows it."""

    comment: Comment
    text: Secret
    anchor: LeafPath | None

    @property
    def key(self) -> _Key:
        return self.comment.path, self.text.reveal()

    def put_into(self, entries: list[_Entry]) -> bool:
        """Whether there was a place for it: the map or list around it may be gone."""
        inside = [at for at, one in enumerate(entries) if self._is_inside(one[0])]
        if not inside and self.comment.path:
            return False
        at = next((at for at in inside if entries[at][0].path == self.anchor), None)
        if at is None:
            at = inside[-1] + 1 if inside else 0
        entries.insert(at, (replace(self.comment, line=0), self.text))
        return True

    def _is_inside(self, item: Item) -> bool:
        depth = len(self.comment.path)
        if isinstance(item, Comment):
            return item.path[:depth] == self.comment.path
        return len(item.path) > depth and item.path[:depth] == self.comment.path


def _remarks(content: Content) -> Iterator[_Remark]:
    entries = _entries(content)
    for at, (item, text) in enumerate(entries):
        if isinstance(item, Comment) and text is not None:
            yield _Remark(item, text, _next(entries, at, item.path))


def _next(entries: list[_Entry], at: int, container: LeafPath) -> LeafPath | None:
    depth = len(container)
    for item, _ in entries[at + 1 :]:
        if not isinstance(item, Comment):
            is_inside = len(item.path) > depth and item.path[:depth] == container
            return item.path if is_inside else None
    return None


def _keys(content: Content) -> Iterator[_Key]:
    return (remark.key for remark in _remarks(content))


def _entries(content: Content) -> list[_Entry]:
    return list(zip(content.items, content.values, strict=True))
