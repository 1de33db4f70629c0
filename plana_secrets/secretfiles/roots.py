"""What ``files.roots`` names: folders, globs, or ``.`` for the whole repository. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import takewhile
from typing import Final

from plana_secrets.secretfiles.globs import glob_match

_WILD: Final = frozenset("*?[\\")


@lru_cache(maxsize=64)
def in_roots(roots: tuple[str, ...]) -> Callable[[str], bool]:
    """Tells of a file whether it is below a folder of ``roots``, or matches a glob of them."""
    globs = [root for root in roots if is_glob(root)]
    folders = frozenset(root.strip("/") for root in roots if not is_glob(root))
    if not folders.isdisjoint({"", "."}):
        return lambda _file: True
    below = tuple(f"{folder}/" for folder in folders)
    if not globs:
        return lambda file: file.startswith(below) or file in folders
    return lambda file: (
        file.startswith(below)
        or file in folders
        or any(glob_match((root,), file) for root in globs)
    )


def is_glob(root: str) -> bool:
    """Whether a root is a glob, and not the name of a folder."""
    return not _WILD.isdisjoint(root)


def folders_of(roots: Iterable[str]) -> tuple[str, ...]:
    """The folders that hold every file of the roots; ``.`` is the whole repository."""
    found = {_folder_of(root) for root in roots}
    return (".",) if "." in found else tuple(sorted(found))


def _folder_of(root: str) -> str:
    """The part of a root in front of its first wildcard."""
    steps = root.strip("/").split("/")
    fixed = list(takewhile(lambda step: not is_glob(step), steps))
    if len(fixed) < len(steps) and len(steps) == 1:
        return "."  # a glob without a slash matches at any depth
    return "/".join(fixed) or "."
