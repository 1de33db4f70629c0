"""Globs as in ``.gitignore``, on posix names relative to the repository.

A pattern without a slash matches at any depth; ``**`` spans folders; a pattern that
matches a folder matches everything in it; ``!`` in front takes back; the last pattern
that matches wins. A match takes time linear in the name, whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from plana_secrets.errors import MalformedError, UsageError


def glob_match(patterns: Iterable[str], file: str) -> bool:
    """Whether the last pattern that matches ``file`` is one without ``!``.

    Raises:
        UsageError: one of the patterns is no glob (kind ``bad-glob``).
    """
    pattern = last_match(patterns, file)
    return pattern is not None and not pattern.startswith("!")


def last_match(patterns: Iterable[str], file: str) -> str | None:
    """The last pattern that matches ``file``, a taking-back one included; None for none.

    Raises:
        UsageError: as ``glob_match`` does.
    """
    found = None
    for pattern in patterns:
        if _compiled(pattern)(file):
            found = pattern
    return found


def glob_problem(pattern: str) -> str | None:
    """Why ``pattern`` is no glob, or None."""
    try:
        _compiled(pattern)
    except UsageError as error:
        return error.message
    return None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Callable[[str], bool]:
    text = pattern.removeprefix("!")
    if name := _NAME.fullmatch(text):  # most globs are such, and this is four times as fast
        inside = f"/{name[1]}/"
        return lambda file: inside in f"/{file}/"
    from plana_secrets.secretfiles.globpattern import compile_glob

    try:
        return compile_glob(text)
    except MalformedError as error:
        raise UsageError(
            f"not a glob: {pattern}: {error.message}", kind="bad-glob", glob=pattern
        ) from None


_NAME: Final = re.compile(r"(?:\*\*/)?([^*?\[\\/]{1,1000})")
"""A name at any depth."""


ADVICE: Final = {
    "bad-glob": "fix it in plana-secrets.toml; globs are as in .gitignore",
}
