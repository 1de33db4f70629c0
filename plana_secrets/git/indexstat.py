"""What the index says of its entries, as ``ls-files --debug`` prints it.

Of a file of the work tree that is whether it is as git saw it last, told without reading it:
the index has what ``lstat`` said of a file when its content was that of the blob. Where it
says the same now, the content is the same: that is how ``git status`` knows, too. Here
the time of the last change of the inode counts in any case, which no one can set.
Sources: git, Documentation/technical/racy-git.txt and read-cache.c (match_stat_data).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from plana_secrets.git.repository import Repository

_RECORD: Final = re.compile(
    rb"([^\0]+)\0  ctime: (\d+):(\d+)\n  mtime: (\d+):(\d+)\n  dev: \d+\tino: (\d+)\n"
    rb"  uid: (\d+)\tgid: (\d+)\n  size: (\d+)\tflags: ([0-9a-f]+)\n"
)
"""An entry. Source: git 2.39, builtin/ls-files.c (print_debug)."""

_INTENT_TO_ADD: Final = 0x20000000

_SECOND: Final = 1_000_000_000
_WORD: Final = 0xFFFFFFFF
"""Numbers are kept in 32 bits."""


def as_recorded(repository: Repository, under: Sequence[str] = ()) -> Iterator[str]:
    """Files below ``under`` that are as the index has them; others may be so, too.

    A file that was written when the index was, or later, may have changed again at once.
    """
    is_as_recorded = _comparison(repository)
    for record in _RECORD.finditer(_listed(repository, under)):
        if is_as_recorded(record.groups()):
            yield os.fsdecode(record[1])


def are_all_as_recorded(repository: Repository) -> bool:
    """Whether every file of the index certainly is as it has it."""
    is_as_recorded, output = _comparison(repository), _listed(repository, ())
    records = list(_RECORD.finditer(output))
    is_understood = len(records) == output.count(b"\0")
    return is_understood and all(is_as_recorded(record.groups()) for record in records)


def _comparison(repository: Repository) -> Callable[[tuple[bytes, ...]], bool]:
    """Whether a file is what a record of the index says."""
    index = repository.index_file or repository.git_dir / "index"
    root = os.fsencode(repository.root) + b"/"
    try:
        written = index.stat().st_mtime_ns
    except OSError:
        return lambda _record: False

    def is_as_recorded(record: tuple[bytes, ...]) -> bool:
        changed, changed_part, modified, modified_part, *rest = map(int, record[1:-1])
        moment = modified * _SECOND + modified_part
        if moment >= written:
            return False
        try:
            now = os.lstat(root + record[0])
        except OSError:
            return False
        found = [now.st_ino & _WORD, now.st_uid, now.st_gid, now.st_size & _WORD]
        times = changed * _SECOND + changed_part, moment
        return found == rest and times == (now.st_ctime_ns, now.st_mtime_ns)

    return is_as_recorded


def only_announced(repository: Repository, under: Sequence[str] = ()) -> Iterator[str]:
    """Files below ``under`` that the index only announces: ``git add --intent-to-add``."""
    for record in _RECORD.finditer(_listed(repository, under)):
        name, *_, flags = record.groups()
        if int(flags, 16) & _INTENT_TO_ADD:
            yield os.fsdecode(name)


def _listed(repository: Repository, under: Sequence[str]) -> bytes:
    return repository.command.read(
        "--literal-pathspecs", "ls-files", "--debug", "-z", "--cached", "--", *under
    )
