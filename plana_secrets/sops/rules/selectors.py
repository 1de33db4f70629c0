"""Which keys a selector encrypts, decided as sops decides it.

sops tests a selector against every key on the way to a leaf, never against the joined
path, and list positions are not keys. ``pattern`` says which regular expressions it may
name.

Source: ``sops.go`` of sops 3.11.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Selector

if TYPE_CHECKING:
    from plana_secrets.sops.rules.pattern import Pattern

SELECTOR_OPTIONS: Final = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)
"""The six options of sops; a file or a rule has at most one of them."""

DEFAULT_SUFFIX: Final = "_unencrypted"
"""What sops leaves readable where a file names no selector."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A selector ready for use: a path is encrypted when any key ``hits``, or when none does.

    A reader that walks a tree asks ``hits`` once a key and carries the answer down.
    """

    hits: Callable[[str], bool]
    encrypted_on_hit: bool

    def encrypts(self, path: LeafPath) -> bool:
        hit = any(self.hits(step) for step in path if isinstance(step, str))
        return hit is self.encrypted_on_hit


def is_encrypted_path(selector: Selector, path: LeafPath) -> bool:
    """Whether a leaf at ``path`` is to be encrypted; for a comment, give its parent's path.

    Raises:
        MalformedError: the selector is not one that can be decided (``selector_problem``).
    """
    return scope_of(selector).encrypts(path)


def selector_problem(selector: Selector) -> str | None:
    """Why a selector cannot be decided, or None where it can."""
    option = selector.option
    if option is None:
        return None
    if option not in SELECTOR_OPTIONS:
        return f"{option} is not a selector of sops"
    if option.endswith("_comment_regex"):
        return f"{option} selects by comments, which other tools may remove"
    if not selector.pattern:
        return f"{option} is empty"
    if option.endswith("_suffix"):
        return None
    from plana_secrets.sops.rules.pattern import check_pattern

    reason = check_pattern(selector.pattern)
    return f"{option}: {reason}" if reason else None


@lru_cache(maxsize=256)
def scope_of(selector: Selector) -> Scope:
    """The scope of a selector, compiled once.

    Raises:
        MalformedError: kind ``bad-selector``.
    """
    problem = selector_problem(selector)
    if problem is not None:
        raise MalformedError(f"selector refused: {problem}", kind="bad-selector")
    option = selector.option or "unencrypted_suffix"
    pattern = selector.pattern if selector.option else DEFAULT_SUFFIX
    encrypted_on_hit = option.startswith("encrypted")
    if option.endswith("_suffix"):
        return Scope(_suffix_test(pattern), encrypted_on_hit)
    from plana_secrets.sops.rules.pattern import compile_pattern

    return Scope(_search_test(compile_pattern(pattern)), encrypted_on_hit)


def _suffix_test(suffix: str) -> Callable[[str], bool]:
    return lambda key: key.endswith(suffix)


def _search_test(compiled: Pattern) -> Callable[[str], bool]:
    return lru_cache(maxsize=8192)(compiled.search)


ADVICE: Final = {
    "bad-selector": (
        "choose another selector in .sops.yaml; `plana-secrets verify` shows every problem in it"
    ),
}
