"""What differs between two places, as ``git status`` means it; no filter of the checkout runs.

Bytes may differ where git sees no change: a checkout with ``core.autocrlf`` or ``eol=crlf``
has other line breaks than the blob, and one with Git LFS the content instead of a pointer.
A file that a sparse checkout leaves out is as the index has it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from plana_secrets import limits
from plana_secrets.errors import FailedError
from plana_secrets.git.indexstat import are_all_as_recorded, as_recorded
from plana_secrets.git.repository import Repository, TreeEntry
from plana_secrets.git.search import attributes_of
from plana_secrets.git.trees import UNKNOWN_MODE, Tree, WorkTree

_TRUE: Final = frozenset({"true", "yes", "on", "1", "input"})
_POINTER: Final = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"


def changes(
    old: Tree, new: Tree, *, under: Sequence[str] = (), by_stat: bool = False
) -> dict[str, str]:
    """File -> ``added``, ``changed``, ``removed`` or ``unreadable``; equal files are left out.

    ``old`` is a commit or the index. ``unreadable``: only in the work tree, a file that
    cannot be compared. ``by_stat``: a file of the work tree that is as git saw it last is
    not read; see ``git.indexstat``.
    """
    before = old.listing(under).entries
    listing = new.listing(under)
    after = {**listing.absent, **listing.entries}
    names = sorted(before.keys() | after.keys())
    read = [one for one in names if one in before and _is_on_disk(before[one], after.get(one))]
    found: dict[str, str | None] = {}
    if by_stat:
        known, staged = set(as_recorded(new.repository, under)), listing.staged
        same = [one for one in read if one in known and staged[one].id == before[one].id]
        found = dict.fromkeys(same)
    read = [one for one in read if one not in found]
    found.update(_states_on_disk(new.repository, read, before))
    for file in names:
        if file not in found:
            found[file] = _state(new.repository, file, before.get(file), after.get(file))
    states = {file: state for file in names if (state := found[file])}
    doubtful = [
        file
        for file, state in states.items()
        if state == "changed" and after[file].is_regular and not after[file].id
    ]
    for file in _only_converted(new.repository, doubtful, before):
        del states[file]
    return states


def is_clean(repository: Repository, commit: str) -> bool:
    """Whether index and work tree certainly are as ``commit``, told without reading a file.

    A file that git ignores does not count; see ``git.indexstat``.
    """
    staged = repository.command.look(
        "diff-index", "--cached", "--quiet", commit, "--", answers=(0, 1)
    )
    if staged.status != 0 or repository.untracked_files():
        return False
    return are_all_as_recorded(repository)


def _is_on_disk(was: TreeEntry, now: TreeEntry | None) -> bool:
    """Whether the bytes of a file of the work tree say whether it changed."""
    return now is not None and now.is_regular and not now.id and now.kind == was.kind


def _states_on_disk(
    repository: Repository, files: Sequence[str], before: Mapping[str, TreeEntry]
) -> Iterator[tuple[str, str | None]]:
    """The state of each file whose kind did not change; None: it is the same.

    Of a very large file only the size is compared.
    """
    for file, content in WorkTree(repository).contents(files, limit=limits.SEARCHED_FILE):
        was = before[file].id
        try:
            if isinstance(content, bytes):
                is_same = repository.blob_id(content) == was
            elif content.kind == "too-large":
                size = (repository.root / file).lstat().st_size
                is_same = repository.command.line("cat-file", "-s", was) == str(size)
            else:
                raise content
        except (FailedError, OSError):
            yield file, "unreadable"
        else:
            yield file, None if is_same else "changed"


def _state(
    repository: Repository, file: str, was: TreeEntry | None, now: TreeEntry | None
) -> str | None:
    if now is None:
        return "removed"
    if was is None:
        return None if now.is_submodule else "added"
    if now.kind != was.kind and now.mode != UNKNOWN_MODE:
        return "changed"
    if now.is_submodule:
        return None
    try:
        return None if _is_same(repository, file, was, now) else "changed"
    except (FailedError, OSError):
        return "unreadable"


def _is_same(repository: Repository, file: str, was: TreeEntry, now: TreeEntry) -> bool:
    """Whether an entry of git, or a link, is the same."""
    if now.id:
        return now.id == was.id
    return repository.blob_id(os.fsencode((repository.root / file).readlink())) == was.id


def _only_converted(
    repository: Repository, files: Sequence[str], stored: Mapping[str, TreeEntry]
) -> Iterator[str]:
    """Those of some changed ``files`` of the work tree in which git sees no change.

    No blob is read: a partial clone may not have it.
    """
    if not files:
        return
    attributes = attributes_of(repository, files)
    autocrlf = repository.command.line("config", "--get", "core.autocrlf") or ""
    for file, content in WorkTree(repository).contents(files, limit=limits.SEARCHED_FILE):
        if not isinstance(content, bytes):
            continue  # of very many only the number was compared
        of_file = attributes.get(file, {})
        forms = []
        if _loses_returns(of_file, autocrlf):
            forms.append(content.replace(b"\r\n", b"\n"))
        if of_file.get("filter") == "lfs":
            forms.append(_pointer_to(content))
        if stored[file].id in map(repository.blob_id, forms):
            yield file


def _loses_returns(attributes: Mapping[str, str], autocrlf: str) -> bool:
    """Whether git stores the lines of a file without a carriage return.

    Source: gitattributes(5), "End-of-line conversion"; ``crlf`` is the old name of ``text``.
    """
    text = attributes.get("text", attributes.get("crlf"))
    if text == "unset":
        return False
    return text is not None or "eol" in attributes or autocrlf.lower() in _TRUE


def _pointer_to(content: bytes) -> bytes:
    """What Git LFS stores in place of a content.

    Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    digest = hashlib.sha256(content).hexdigest()
    return _POINTER % (digest.encode(), len(content))
