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
from collections.abc import Iterator, Sequence
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
    index = repository.index_file or repository.git_dir / "index"
    try:
        written = index.stat().st_mtime_ns
    except OSError:
        return
    root = os.fsencode(repository.root)
    for name, *numbers, _ in _records(repository, under):
        changed, changed_part, modified, modified_part, *rest = map(int, numbers)
        moment = modified * _SECOND + modified_part
        if moment >= written:
            continue
        try:
            now = os.lstat(root + b"/" + name)
        except OSError:
            continue
        found = [now.st_ino & _WORD, now.st_uid, now.st_gid, now.st_size & _WORD]
        times = changed * _SECOND + changed_part, moment
        if found == rest and times == (now.st_ctime_ns, now.st_mtime_ns):
            yield os.fsdecode(name)


def only_announced(repository: Repository, under: Sequence[str] = ()) -> Iterator[str]:
    """Files below ``under`` that the index only announces: ``git add --intent-to-add``."""
    for name, *_, flags in _records(repository, under):
        if int(flags, 16) & _INTENT_TO_ADD:
            yield os.fsdecode(name)


def _records(repository: Repository, under: Sequence[str]) -> Iterator[tuple[bytes, ...]]:
    output = repository.command.read(
        "--literal-pathspecs", "ls-files", "--debug", "-z", "--cached", "--", *under
    )
    return (record.groups() for record in _RECORD.finditer(output))
