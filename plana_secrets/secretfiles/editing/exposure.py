"""Whether git has a plain file, or values of it, for everyone who can read the repository.

Searched are all branches, stashes and what reflogs still know for the file and for the same
bytes under any other name, and the newest commit and the index for its values in other files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.index import index_ids
from plana_secrets.git.past import commits_with_blobs
from plana_secrets.git.search import stored_files_containing
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.reading.reader import is_sops, read_structure

_TELLING: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}|.{16,}")
"""A value that is hardly a word: finding it elsewhere means something."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """``commits`` have the file unencrypted, newest first; ``others`` name -> commits have the
    same bytes under that name; ``in_index``: the index has it unencrypted.

    ``holders``: other files in which git has one of the values. ``unknown``: why there may be
    more, in a few words; None where all that was in git is here.
    """

    commits: tuple[str, ...]
    in_index: bool
    others: dict[str, tuple[str, ...]]
    holders: tuple[str, ...]
    unknown: str | None

    @property
    def is_found(self) -> bool:
        return bool(self.commits or self.in_index or self.others or self.holders)


def find_exposure(
    workspace: Workspace, file: str, plain: Secret, values: Iterable[Secret]
) -> Exposure:
    """What git knows of ``plain``, the bytes of ``file`` or of a plain file like it."""
    repository = workspace.repository
    versions, staged = repository.history_of(file), index_ids(repository, file)
    ids = {*staged, *(object_id for _, object_id in versions)}
    unencrypted, unknown = _unencrypted(workspace, file, ids)
    others = _others(workspace, file, plain)
    holders = stored_files_containing(repository, _telling(values))
    return Exposure(
        tuple(commit for commit, object_id in versions if object_id in unencrypted),
        not unencrypted.isdisjoint(staged),
        others,
        tuple(name for name in holders if name != file and name not in others),
        unknown or repository.missing_history(),
    )


def _unencrypted(
    workspace: Workspace, file: str, ids: Iterable[str]
) -> tuple[set[str], str | None]:
    """Those of some blobs that sops has not encrypted; a partial clone may lack some."""
    repository, found = workspace.repository, set()
    try:
        for blob, content in iterate_contents(repository.command, sorted(ids)):
            # one that is too large to read was never written by sops as a secret file
            if isinstance(content, FailedError) or not is_sops(
                read_structure(content, format_of(file))
            ):
                found.add(blob)
    except FailedError:
        if not repository.is_partial():
            raise
        return found, "a partial clone"
    return found, None


def _others(workspace: Workspace, file: str, plain: Secret) -> dict[str, tuple[str, ...]]:
    """Every other name under which a commit has these bytes, with line ends of either kind."""
    data = plain.reveal()
    git = workspace.repository.command
    forms = {data, data.replace(b"\r\n", b"\n")}
    blobs = sorted({workspace.repository.blob_id(form) for form in forms})
    found: defaultdict[str, list[str]] = defaultdict(list)
    for commit, name in commits_with_blobs(git, blobs):
        if name != file and commit not in found[name]:
            found[name].append(commit)
    return {name: tuple(commits) for name, commits in found.items() if commits}


def _telling(values: Iterable[Secret]) -> Iterator[bytes]:
    for value in values:
        content = value.reveal()
        if b"\n" not in content and b"\0" not in content:
            text = content.decode("utf-8", "replace")
            if _TELLING.fullmatch(text):
                yield content
