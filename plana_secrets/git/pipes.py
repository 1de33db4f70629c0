"""Files of the checkout that git itself opens, and would wait for if they were pipes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from plana_secrets.errors import FailedError

_IGNORE: Final = ".gitignore"


def refuse_pipes(root: Path, files: Iterable[str]) -> None:
    """Stop at the first of ``files`` that is a pipe or the like; links git does not follow.

    Raises:
        FailedError: kind ``not-a-regular-file``.
    """
    for file in files:
        try:
            mode = os.lstat(root / file).st_mode
        except OSError:
            continue
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode):
            raise FailedError(f"not a regular file: {file}", kind="not-a-regular-file", file=file)


def ignore_files(root: Path, under: Sequence[str]) -> Iterator[str]:
    """Every ``.gitignore`` that git may read to list the files below ``under``."""
    for place in under or (".",):
        yield from (str(parent / _IGNORE) for parent in PurePosixPath(place).parents)
        for folder, folders, files in os.walk(root / place):
            folders[:] = [name for name in folders if name != ".git"]
            if _IGNORE in files:
                yield os.path.relpath(os.path.join(folder, _IGNORE), root)  # noqa: PTH118 - faster
