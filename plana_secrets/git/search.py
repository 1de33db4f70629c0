"""Questions about many files at once, each answered by one git."""

from __future__ import annotations

import bisect
import itertools
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

from plana_secrets import limits
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.command import unreadable
from plana_secrets.git.pipes import ignore_files, refuse_pipes
from plana_secrets.git.repository import Repository

_ANY_BYTE: Final = "[^~]"
"""But one that is in no text that is looked for; a dot does not match a NUL."""
_MOST_OBJECTS: Final = 500_000
_MOST_SEARCHED: Final = 1 << 30
"""Bytes times texts that are looked for: a second or two."""


def files_containing(
    repository: Repository,
    texts: Sequence[str],
    *,
    besides: Collection[str] = (),
    place: str | None = None,
    untracked: bool = False,
    wide: bool = False,
) -> list[str]:
    """Tracked files whose content holds one of ``texts``, binaries included.

    ``besides``: files that are not looked into. ``place``: where the content is read, the
    id of a commit or ``--cached`` for the index; without one the work tree, and with
    ``untracked`` also the files in there that git would add. ``wide``: the texts, of letters,
    digits and ``-``, are looked for in UTF-16, with any one byte between two characters.
    """
    if untracked:
        refuse_pipes(repository.root, ignore_files(repository.root, ()))
    # no argument can have a NUL in it
    sought = [_ANY_BYTE.join(text) for text in texts] if wide else texts
    patterns = [part for text in sought for part in ("-e", text)]
    left_out = [f":(exclude,literal){file}" for file in sorted(besides)]
    where = ["--untracked"] if untracked else []
    done = repository.command.look(
        "grep", "-z", "--files-with-matches", "--text", "--no-textconv",
        "--basic-regexp" if wide else "--fixed-strings",
        *where, *patterns, *([place] if place else []), "--", *left_out,
        answers=(0, 1),
    )  # fmt: skip
    if done.status not in {0, 1}:
        raise unreadable("grep", done)
    before = f"{place}:" if place else ""
    names = (os.fsdecode(name) for name in done.stdout.split(b"\0") if name)
    return [name.removeprefix(before) for name in names]


def stored_files_containing(repository: Repository, texts: Iterable[bytes]) -> list[str]:
    """Files of HEAD or of the index whose content there holds one of ``texts``.

    The texts, each one line, may be secret: they are in no argument.
    """
    patterns = b"".join(text + b"\n" for text in texts)
    if not patterns:
        return []
    head = repository.head()
    found: set[str] = set()
    for place in (["--cached"], [head] if head else []):
        if not place:
            continue
        done = repository.command.look(
            "grep", "-z", "--files-with-matches", "--text", "--fixed-strings", "--no-textconv",
            "-f", "-", *place, "--", stdin=patterns, answers=(0, 1),
        )  # fmt: skip
        if done.status not in {0, 1}:
            raise unreadable("grep", done)
        names = (os.fsdecode(name) for name in done.stdout.split(b"\0") if name)
        found.update(name.removeprefix(f"{head}:") for name in names)
    return sorted(found)


def blobs_containing(repository: Repository, texts: Sequence[bytes]) -> tuple[list[str], bool]:
    """Blobs that hold one of ``texts``, of all that this clone has, whatever refers to them.

    Second is whether all were looked into: the time that this takes is limited.
    """
    ids, is_all = _small_blobs(repository, _MOST_SEARCHED // max(1, len(texts)))
    found = [
        blob
        for blob, content in iterate_contents(repository.command, ids, limit=limits.SEARCHED_FILE)
        if isinstance(content, bytes) and any(text in content for text in texts)
    ]
    return found, is_all


def _small_blobs(repository: Repository, most: int) -> tuple[list[str], bool]:
    """The ids of as many blobs as have ``most`` bytes together, the small ones first."""
    if _count_objects(repository) > _MOST_OBJECTS:
        return [], False
    output = repository.command.read(
        "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize) %(objectname)"
    )
    lines = (line.split(" ") for line in output.decode("ascii").splitlines())
    sizes = sorted((int(size), name) for kind, size, name in lines if kind == "blob")
    ends = list(itertools.accumulate(size for size, _ in sizes))
    count = bisect.bisect_right(ends, most)
    return [name for _, name in sizes[:count]], count == len(sizes)


def _count_objects(repository: Repository) -> int:
    lines = repository.command.read("count-objects", "-v").decode("ascii", "replace").splitlines()
    facts = dict(line.partition(": ")[::2] for line in lines)
    return int(facts.get("count", 0)) + int(facts.get("in-pack", 0))


def attributes_of(repository: Repository, files: Sequence[str]) -> dict[str, dict[str, str]]:
    """The git attributes that are specified for ``files``; files without any are left out."""
    _check_attribute_files(repository, files)
    names = b"".join(os.fsencode(file) + b"\0" for file in files)
    output = repository.command.read("check-attr", "-z", "--stdin", "--all", stdin=names)
    fields = output.split(b"\0")
    found: dict[str, dict[str, str]] = {}
    for at in range(0, len(fields) - 2, 3):
        file, name, value = (os.fsdecode(field) for field in fields[at : at + 3])
        found.setdefault(file, {})[name] = value
    return found


def _check_attribute_files(repository: Repository, files: Sequence[str]) -> None:
    """Stop at a pipe or the like, which git would wait for; links it does not follow."""
    folders = {parent for file in files for parent in PurePosixPath(file).parents}
    refuse_pipes(repository.root, (str(folder / ".gitattributes") for folder in sorted(folders)))


def files_excluded_by(repository: Repository, name: str, patterns: Iterable[str] = ()) -> list[str]:
    """Tracked files that the patterns in files called ``name`` match, as those of git do.

    ``patterns``: more of them, for the whole repository; they overrule those of the files.
    """
    named = [file for file in repository.tracked_files() if PurePosixPath(file).name == name]
    refuse_pipes(repository.root, named)
    output = repository.command.read(
        "ls-files", "-z", "--cached", "--ignored", f"--exclude-per-directory={name}",
        *(f"--exclude={one}" for one in patterns),
    )  # fmt: skip
    return [os.fsdecode(one) for one in output.split(b"\0") if one]


def is_ignored(repository: Repository, file: str) -> bool:
    """Whether git ignores a file of this name, and so would not add it."""
    folders = [str(parent / ".gitignore") for parent in PurePosixPath(file).parents]
    refuse_pipes(repository.root, sorted(folders))
    done = repository.command.look("check-ignore", "--quiet", "--", f"./{file}", answers=(0, 1))
    if done.status not in {0, 1}:
        raise unreadable("check-ignore", done)
    return done.status == 0
