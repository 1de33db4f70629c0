"""A file that one side moved while the other changed it, or moved it, too.

A file that gets another reader is encrypted again, so that no byte of it stays, and git has the
old name on one side only. Where git sees that both moved it, it puts its merge of the text in the
place of both. What is in a file says where it is now.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Final

from plana_secrets.document.edits import content_of
from plana_secrets.document.merge import units_of
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.git.index import list_checkout
from plana_secrets.git.repository import TreeEntry
from plana_secrets.secretfiles.listing import is_secret_file
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.model import Document

_LEAST: Final = 6
"""Bytes of a value that is in two files by no accident."""


def find_moved(
    workspace: Workspace,
    file: str,
    base: bytes,
    entries: Mapping[str, TreeEntry],
    known: Container[str],
) -> tuple[str, bytes] | None:
    """The new name of ``file`` among ``entries``, and its content; None where it was removed.

    ``base``: the file before. ``known``: names that are not new.

    It is the one new file that has most of its values at the same paths, one of them long enough
    to be no accident. Of two such files none is it.
    """
    before = _opened(workspace, file, base)
    if before is None:
        return None
    found = [
        (name, content)
        for name, content in _newcomers(workspace, entries, known)
        if (now := _opened(workspace, name, content)) is not None and _is_same(before, now)
    ]
    return found[0] if len(found) == 1 else None


def index_entries(workspace: Workspace) -> dict[str, TreeEntry]:
    """Without those that are unmerged."""
    listed = list_checkout(workspace.repository, untracked=False)
    return {name: entry for _, name, entry in listed if entry is not None and entry.id}


def _newcomers(
    workspace: Workspace, entries: Mapping[str, TreeEntry], known: Container[str]
) -> Iterator[tuple[str, bytes]]:
    ids = {
        name: entry.id
        for name, entry in entries.items()
        if name not in known and entry.is_regular and is_secret_file(workspace.settings, name)
    }
    contents = workspace.repository.read_objects(list(ids.values()))
    return ((name, contents[blob]) for name, blob in ids.items())


def _opened(workspace: Workspace, file: str, content: bytes) -> Document | None:
    try:
        return open_bytes(content, file, workspace.identities)
    except PlanaSecretsError:
        return None


def _is_same(before: Document, now: Document) -> bool:
    values = [value for leaf, value in before.entries() if leaf.token is not None]
    long = {value.reveal() for value in values if len(value.reveal()) >= _LEAST}
    if long.isdisjoint(value.reveal() for leaf, value in now.entries() if leaf.token is not None):
        return False
    old, new = units_of(content_of(before)), units_of(content_of(now))
    return 2 * sum(new.get(path) == facts for path, facts in old.items()) > len(old)
