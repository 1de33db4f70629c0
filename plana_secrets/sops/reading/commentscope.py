"""The two selectors that look at comments instead of keys.

A value follows the comments right above it and right above each container around it;
a comment counts until the next value has passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Selector

if TYPE_CHECKING:
    from plana_secrets.sops.rules.pattern import Pattern


class CommentScope:
    """Asked once for every comment and leaf, in document order; it remembers the way."""

    def __init__(self, pattern: Pattern, *, encrypted_on_hit: bool) -> None:
        self._pattern = pattern
        self._encrypted_on_hit = encrypted_on_hit
        self._active: dict[LeafPath, bool] = {}
        self._child: dict[LeafPath, str | int | None] = {}

    def covers_leaf(self, path: LeafPath) -> bool:
        self._walk(path)
        hit = any(self._active.get(path[:length], False) for length in range(len(path)))
        return hit is self._encrypted_on_hit

    def covers_comment(self, path: LeafPath, text: str) -> bool:
        """``path`` is that of the container. With ``encrypted_comment_regex`` a comment
        that matches is itself still readable; what follows it is not."""
        self._walk(path)
        if self._child.get(path) is not None:
            self._active[path] = False
            self._child[path] = None
        above = any(self._active.get(path[:length], False) for length in range(len(path) + 1))
        matches = self._pattern.search(text)
        self._active[path] = self._active.get(path, False) or matches
        if self._encrypted_on_hit:
            return above
        return not (above or matches)

    def _walk(self, path: LeafPath) -> None:
        for length, step in enumerate(path):
            container = path[:length]
            child = self._child.get(container)
            if child is not None and child != step:
                self._active[container] = False
            self._child[container] = step


def comment_scope_of(selector: Selector) -> CommentScope | None:
    """The scope of a comment selector, or None for the other kinds.

    Raises:
        MalformedError: its pattern is outside the subset that is taken.
    """
    if selector.option not in {"encrypted_comment_regex", "unencrypted_comment_regex"}:
        return None
    from plana_secrets.sops.rules.pattern import compile_pattern

    pattern = compile_pattern(selector.pattern)
    return CommentScope(pattern, encrypted_on_hit=selector.option.startswith("encrypted"))
