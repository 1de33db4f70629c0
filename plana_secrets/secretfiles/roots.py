"""What ``files.roots`` names: folders, globs, or ``.`` for the whole repository. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

from plana_secrets.secretfiles.globs import glob_match

_WILD: Final = frozenset("*?[\\")


def is_in_root(file: str, root: str) -> bool:
    """Whether a file is below one folder of the settings, or matches one glob of them."""
    folder = root.strip("/")
    if is_glob(folder):
        return glob_match((root,), file)
    return folder in {"", ".", file} or file.startswith(f"{folder}/")


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
