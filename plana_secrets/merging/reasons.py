"""Why two versions of a file do not go together. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from plana_secrets.paths import LeafPath, format_path

WHOLE: Final[LeafPath] = ()
"""Where a conflict is about the file as a whole; no leaf has an empty path."""


class Reason(StrEnum):
    """Stable words."""

    BOTH_CHANGED = "both-changed"
    REVOKED = "revoked-value"
    RECIPIENTS = "recipients"
    SELECTOR = "selector"
    TWO_MOVES = "two-moves"
    VERSION_BACK = "version-back"
    NOT_BY_ROTATION = "not-by-rotation"
    MANIFEST = "bad-manifest"
    REMOVED = "removed"
    UNREADABLE = "unreadable"


OF_READERS: Final = frozenset({Reason.RECIPIENTS, Reason.SELECTOR})
"""About who can read the file and how, not about what is in it: the rule settles these."""

_WORDS: Final = {
    Reason.BOTH_CHANGED: "was changed on both sides",
    Reason.REVOKED: "would be a key again that a rotation revoked",
    Reason.RECIPIENTS: "the merged recipients are not those of its rule",
    Reason.SELECTOR: "neither side is encrypted as its rule says",
    Reason.TWO_MOVES: "the keyset was rotated on both sides",
    Reason.VERSION_BACK: "the keyset would go back to an earlier version",
    Reason.NOT_BY_ROTATION: "the keyset was changed on one side without a rotation",
    Reason.REMOVED: "the file is on one side only",
    Reason.UNREADABLE: "one side cannot be used",
    Reason.MANIFEST: "the merged file would be no Secret that Kubernetes accepts",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """``detail``: more words, of names alone."""

    reason: Reason
    path: LeafPath = WHOLE
    detail: str = ""

    @property
    def is_whole(self) -> bool:
        return self.path == WHOLE

    def __str__(self) -> str:
        words = _WORDS[self.reason]
        text = words if self.is_whole else f"{format_path(self.path)} {words}"
        return f"{text} ({self.detail})" if self.detail else text
